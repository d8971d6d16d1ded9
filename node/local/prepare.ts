/** Turns `up`'s options into a run: checks them, makes the keys, and on a fresh folder the manifest, stakes and bonds. */

import type { Manifest } from '../../protocols/wire/manifest.ts'
import { ExitError } from '../cli/exit.ts'
import { OPTIONS, type Settings } from '../config/options.ts'
import { PRESETS } from '../engine/models/index.ts'
import { cutModel, PartitionError } from '../engine/partition/index.ts'
import { loadNamedCorpus, loadRunCorpus } from '../run/corpus.ts'
import { faultsOf, makeManifest, type RunChoices, STAKE_ASSET, STAKE_FLOOR } from '../run/defaults.ts'
import { hasManifest, manifestPath, peerFolders, readRun, type SwarmFolder } from '../run/folder.ts'
import { bondLocalPeers, continueLocalRun, type LocalPeer, type OpenedRun, prepareKeys } from './setup.ts'

export interface LocalPlan {
  readonly folder: SwarmFolder
  readonly peers: readonly LocalPeer[]
  readonly stages: number
  /** Makes the run on the chain, or takes up the one that the folder holds. */
  open(chainUrl: string, signal: AbortSignal): Promise<OpenedRun>
}

export async function planLocalRun(settings: Settings, folder: SwarmFolder): Promise<LocalPlan> {
  return hasManifest(folder.root) ? await resume(settings, folder) : await begin(settings, folder)
}

async function begin(settings: Settings, folder: SwarmFolder): Promise<LocalPlan> {
  refuseOrphans(folder)
  const choices = await readChoices(settings)
  const { peers, freezers } = await prepareKeys(folder, choices.stages * choices.replicas)
  return {
    folder,
    peers,
    stages: choices.stages,
    open: (url, signal) =>
      bondLocalPeers({
        url,
        folder,
        peers,
        freezers,
        stake: BigInt(settings.stake!),
        asset: STAKE_ASSET,
        manifest: (genesis, startHeight) => makeManifest({ ...choices, genesis, startHeight }),
        signal,
      }),
  }
}

/** Peers that hold a run's history and a folder without its manifest: a new run must not be put over them. */
function refuseOrphans(folder: SwarmFolder): void {
  const orphan = peerFolders(folder.root).find(hasManifest)
  if (orphan === undefined) return
  throw new ExitError(
    'data',
    `${folder.root} holds peers of a run, but not the run's manifest`,
    `cp ${manifestPath(orphan)} ${folder.root}, or pass another --data folder`,
  )
}

async function resume(settings: Settings, folder: SwarmFolder): Promise<LocalPlan> {
  const run = readRun(manifestPath(folder.root))
  const { manifest } = run
  refuseChanges(settings, manifest, folder)
  await loadRunCorpus(settings.corpus!, manifest)
  const { peers, freezers } = await prepareKeys(folder, manifest.stages * manifest.replicas)
  return {
    folder,
    peers,
    stages: manifest.stages,
    open: (url, signal) => continueLocalRun(run, { url, freezers, asset: STAKE_ASSET, signal }),
  }
}

/** What a run was begun with stays. An option at its default was most likely not given. */
function refuseChanges(settings: Settings, manifest: Manifest, folder: SwarmFolder): void {
  const fixed = {
    stages: manifest.stages,
    replicas: manifest.replicas,
    model: manifest.model.preset,
    rule: manifest.aggregation.rule,
    seed: manifest.seed,
    target: manifest.batch.target,
    encoding: manifest.encoding.gradient,
  }
  for (const [name, value] of Object.entries(fixed) as [keyof typeof fixed, string | number][]) {
    const given = settings[name]
    if (given === undefined || given === value || given === OPTIONS[name].default) continue
    throw new ExitError(
      'configuration',
      `the run in ${folder.root} has --${name} ${value}, which cannot be changed to ${given}`,
      `leave out --${name} to continue the run, or begin another with another --data folder`,
    )
  }
}

async function readChoices(settings: Settings): Promise<Omit<RunChoices, 'genesis' | 'startHeight'>> {
  const stages = settings.stages!
  const replicas = settings.replicas!
  const f = settings.f ?? faultsOf(replicas)
  if (replicas < 3 * f + 1) {
    throw new ExitError(
      'configuration',
      `${replicas} replicas of a stage cannot tolerate ${f} liars: that takes ${3 * f + 1}`,
      `swarm-node up --replicas ${3 * f + 1}, or --f ${faultsOf(replicas)}`,
    )
  }
  if (settings.stake! < STAKE_FLOOR) {
    throw new ExitError(
      'refused',
      `a stake of ${settings.stake} gives no seat: the floor is ${STAKE_FLOOR}`,
      `swarm-node up --stake ${STAKE_FLOOR}`,
    )
  }
  const model = PRESETS[settings.model!]
  if (model === undefined)
    throw new ExitError('usage', `there is no model preset '${settings.model}'`, 'swarm-node up --help')
  try {
    cutModel(model, stages, 1)
  } catch (cause) {
    if (!(cause instanceof PartitionError)) throw cause
    throw new ExitError('configuration', cause.message, `swarm-node up --stages ${model.layers}`, { cause })
  }
  const corpus = await loadNamedCorpus(settings.corpus!)
  return {
    model,
    stages,
    replicas,
    rule: settings.rule as RunChoices['rule'],
    f,
    seed: settings.seed!,
    target: settings.target!,
    encoding: settings.encoding as RunChoices['encoding'],
    rounds: settings.rounds!,
    corpus: { name: corpus.name, cid: corpus.cid },
  }
}
