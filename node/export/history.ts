/** Reads a stage's certified history from data folders and rebuilds its state from it: snapshot + certified aggregates. */
import { join } from 'node:path'
import { decodeCertificate } from '../../protocols/wire/certificate.ts'
import { open } from '../../protocols/wire/envelope.ts'
import { equalBytes, smallHash } from '../../protocols/wire/hash.ts'
import { merkleRoot } from '../../protocols/wire/merkle.ts'
import type { Hash, Outcome } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { ExitError } from '../cli/exit.ts'
import { cutModel } from '../engine/partition/index.ts'
import { createInlineEngine } from '../engine/runtime/index.ts'
import type { StageEngine } from '../engine/runtime/types.ts'
import { openFolder, type Partitions, RoundStore, type StoredRound } from '../journal/index.ts'
import { digestOf } from '../peer/digest.ts'
import type { Run } from '../run/folder.ts'
import { FIRST_ROUND } from '../run/state-chain.ts'

export const ROUNDS_FOLDER = 'rounds'

export interface StageSource {
  readonly folder: string
  readonly stage: number
  readonly store: RoundStore
  /** Last round that this folder can rebuild. */
  readonly toRound: number
}

/** Opens a peer's rounds as those of `stage`. */
export async function openRounds(folder: string, run: Run, stage: number): Promise<RoundStore> {
  const storage = await openFolder(join(folder, ROUNDS_FOLDER))
  return RoundStore.open({ storage, stage, stages: run.manifest.stages, digest: digestOf, firstRound: FIRST_ROUND })
}

export async function newEngine(run: Run, stage: number): Promise<StageEngine> {
  const { manifest } = run
  const cut = cutModel(manifest.model, manifest.stages, manifest.batch.sequences)[stage]
  if (cut === undefined) throw new RangeError(`no stage ${stage}`)
  return createInlineEngine({ manifest, cut, replicas: manifest.replicas, threads: 1 })
}

export interface Rebuilt {
  readonly engine: StageEngine
  readonly round: number
  /** Where the rebuilding started: a snapshot's round, or 0 for the initial state. */
  readonly fromRound: number
}

/**
 * The stage's state after `round`. Every aggregate is checked against its certificate's root, a snapshot against the full
 * root that its round's certificate carries.
 */
export async function rebuild(source: StageSource, run: Run, round: number, signal: AbortSignal): Promise<Rebuilt> {
  const engine = await newEngine(run, source.stage)
  const recovery = await source.store.recover({ signal })
  let at = FIRST_ROUND - 1
  const { snapshot } = recovery
  if (snapshot !== null) {
    if (snapshot.head.round > round)
      throw damaged(source, `its oldest state is of round ${snapshot.head.round}, after ${round}`)
    await engine.importState(snapshot.state, { signal })
    const certificate = await source.store.certificate(source.stage, snapshot.head.round)
    const certified = certificate === null ? null : (await outcomeIn(certificate, source)).fullRoot
    if (certified === null || !equalBytes(await engine.fullRoot({ signal }), certified)) {
      throw damaged(source, `the snapshot of round ${snapshot.head.round} is not what was certified`)
    }
    at = snapshot.head.round
  }
  const fromRound = at
  for await (const stored of recovery.rounds()) {
    if (stored.round > round) break
    await replay(engine, stored, source)
    at = stored.round
  }
  if (at !== round) throw damaged(source, `its rounds end at ${at}, before ${round}`)
  return { engine, round: at, fromRound }
}

async function replay(engine: StageEngine, stored: StoredRound, source: StageSource): Promise<void> {
  const { aggregateRoot } = await outcomeIn(stored.certificate, source)
  if (!equalBytes(await aggregateRootOf(stored.partitions), aggregateRoot))
    throw damaged(source, `the aggregate of round ${stored.round} is not what was certified`)
  if (stored.partitions === null) return
  const { accepted } = await engine.execute(stored.round, stored.partitions, false)
  if (!accepted) throw damaged(source, `the aggregate of round ${stored.round} cannot be applied`)
  await engine.promote()
}

/** What a stored certificate's signers agreed on. Their number and seats are for `verify` to check. */
async function outcomeIn(encoded: Uint8Array, source: StageSource): Promise<Outcome> {
  const certificate = decodeCertificate(encoded)
  if (isRefusal(certificate))
    throw damaged(source, `a certificate is damaged: ${certificate.detail ?? certificate.refused}`)
  const signed = await open(certificate.outcomes[0] ?? new Uint8Array(0), { kinds: ['outcome'] })
  if (isRefusal(signed)) throw damaged(source, `a certificate is damaged: ${signed.detail ?? signed.refused}`)
  return signed.payload
}

/** Merkle root over the SHA-256 of each partition; zero for SKIP. */
export async function aggregateRootOf(partitions: Partitions): Promise<Hash> {
  if (partitions === null) return new Uint8Array(32)
  return merkleRoot(await Promise.all(partitions.map(bytes => digestOf(bytes))), smallHash)
}

function damaged({ folder }: StageSource, what: string): ExitError {
  return new ExitError(
    'data',
    `${folder}: ${what}`,
    'swarm-node verify --data <folder> --chain <url> on a sibling, or join again with an empty folder',
  )
}
