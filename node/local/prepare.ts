/** Turns `up`'s options into a run: checks them, makes the keys, and on a fresh folder the manifest, stakes and bonds. */

import { ExitError } from '../cli/exit.ts'
import type { Settings } from '../config/options.ts'
import { PRESETS } from '../engine/models/index.ts'
import { cutModel, PartitionError } from '../engine/partition/index.ts'
import { loadNamedCorpus, loadRunCorpus } from '../run/corpus.ts'
import { faultsOf, makeManifest, type RunChoices, STAKE_ASSET } from '../run/defaults.ts'
import { hasManifest, manifestPath, type Run, readRun, type SwarmFolder } from '../run/folder.ts'
import { bondLocalPeers, type LocalPeer, prepareKeys } from './setup.ts'

export interface LocalPlan {
  readonly folder: SwarmFolder
  readonly peers: readonly LocalPeer[]
  /** Makes the run on the chain, or takes up the one that the folder holds. */
  open(chainUrl: string, signal: AbortSignal): Promise<Run>
}

export async function planLocalRun(settings: Settings, folder: SwarmFolder): Promise<LocalPlan> {
  return hasManifest(folder.root) ? await resume(settings, folder) : await begin(settings, folder)
}

async function begin(settings: Settings, folder: SwarmFolder): Promise<LocalPlan> {
  const choices = await readChoices(settings)
  const { peers, freezers } = await prepareKeys(folder, choices.stages * choices.replicas)
  return {
    folder,
    peers,
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

async function resume(settings: Settings, folder: SwarmFolder): Promise<LocalPlan> {
  const run = readRun(manifestPath(folder.root))
  const { manifest } = run
  await loadRunCorpus(settings.corpus!, manifest)
  const { peers } = await prepareKeys(folder, manifest.stages * manifest.replicas)
  return { folder, peers, open: async () => run }
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
    rounds: settings.rounds!,
    corpus: { name: corpus.name, cid: corpus.cid },
  }
}
