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
import { createInlineEngine, EngineError } from '../engine/runtime/index.ts'
import type { StageEngine } from '../engine/runtime/types.ts'
import { JournalDamaged, type Partitions, RoundStore, type SnapshotHead } from '../journal/index.ts'
import { digestOf } from '../peer/digest.ts'
import type { Run } from '../run/folder.ts'
import { FIRST_ROUND } from '../run/state-chain.ts'
import { PinnedFolder } from './pinned-folder.ts'

export const ROUNDS_FOLDER = 'rounds'

export interface StageSource {
  readonly folder: string
  readonly stage: number
  readonly store: RoundStore
  /** Last round that this folder can rebuild. */
  readonly toRound: number
}

/**
 * Opens a peer's rounds as those of `stage`, to read only: the peer may be at work.
 * @throws JournalDamaged
 */
export async function readRounds(folder: string, run: Run, stage: number): Promise<RoundStore> {
  const storage = await PinnedFolder.open(join(folder, ROUNDS_FOLDER))
  try {
    const { stages } = run.manifest
    return await RoundStore.open({ storage, stage, stages, digest: digestOf, firstRound: FIRST_ROUND })
  } catch (error) {
    await storage.close()
    throw error
  }
}

/** As {@link readRounds}; a damaged file is an exit 73. */
export async function openRounds(folder: string, run: Run, stage: number): Promise<RoundStore> {
  return readRounds(folder, run, stage).catch(error => {
    throw error instanceof JournalDamaged ? damaged({ folder }, error.message, error) : error
  })
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
 * The stage's state after `round`, from the newest snapshot that is not after it. Every aggregate is checked against its
 * certificate's root, a snapshot against the full root that its round's certificate carries. The caller disposes the engine.
 */
export async function rebuild(source: StageSource, run: Run, round: number, signal: AbortSignal): Promise<Rebuilt> {
  const engine = await newEngine(run, source.stage)
  try {
    const fromRound = await startFrom(source, engine, round, signal)
    for (let at = fromRound + 1; at <= round; at++) await replay(engine, at, source, signal)
    return { engine, round, fromRound }
  } catch (error) {
    await engine.dispose()
    throw error
  }
}

/** The oldest round whose state can be rebuilt: that of the older snapshot, 0 where all aggregates are still held. */
export async function oldestState({ store }: StageSource): Promise<number> {
  const { snapshots } = store
  if (snapshots.length === 0 || (await store.aggregates(FIRST_ROUND)) !== undefined) return FIRST_ROUND - 1
  return Math.min(...snapshots.map(({ round }) => round))
}

/** Puts a snapshot into the engine and returns its round; 0 where there is none and the engine keeps its initial state. */
async function startFrom(
  source: StageSource,
  engine: StageEngine,
  round: number,
  signal: AbortSignal,
): Promise<number> {
  const { snapshots } = source.store
  for (const head of snapshots.filter(each => each.round <= round)) {
    const certified = (await outcomeOf(head.round, source)).fullRoot
    const state = await snapshotState(source.store, head)
    if (certified !== null && state !== null && (await takesState(engine, state, certified, signal))) return head.round
  }
  if (snapshots.length === 0 || (await source.store.aggregates(FIRST_ROUND)) !== undefined) return FIRST_ROUND - 1
  throw damaged(source, `it holds no certified state from which round ${round} can be rebuilt`)
}

async function takesState(
  engine: StageEngine,
  state: Uint8Array,
  certified: Hash,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await engine.importState(state, { signal })
  } catch (error) {
    // Of another length, or not finite: no state of this stage.
    if (error instanceof EngineError) return false
    throw error
  }
  return equalBytes(await engine.fullRoot({ signal }), certified)
}

/** The bytes of a held snapshot, not checked against anything; null where they cannot be read. */
export async function snapshotState(
  store: RoundStore,
  { round, bytes }: SnapshotHead & { readonly bytes: number },
): Promise<Uint8Array | null> {
  const state = await store.snapshotPiece(round, 0, bytes)
  return state?.length === bytes ? state : null
}

async function replay(engine: StageEngine, round: number, source: StageSource, signal: AbortSignal): Promise<void> {
  const { aggregateRoot } = await outcomeOf(round, source)
  const partitions = await source.store.aggregates(round)
  if (partitions === undefined) throw damaged(source, `it lacks the aggregate of round ${round}`)
  if (!equalBytes(await aggregateRootOf(partitions), aggregateRoot))
    throw damaged(source, `the aggregate of round ${round} is not what was certified`)
  if (partitions === null) return
  const { accepted } = await engine.execute(round, partitions, false, { signal })
  if (!accepted) throw damaged(source, `the aggregate of round ${round} cannot be applied`)
  await engine.promote({ signal })
}

/** What a round's signers agreed on. Their number and seats are for `verify` to check. */
async function outcomeOf(round: number, source: StageSource): Promise<Outcome> {
  const encoded = await source.store.certificate(source.stage, round)
  if (encoded === null) throw damaged(source, `it lacks the certificate of round ${round}`)
  const certificate = decodeCertificate(encoded)
  if (isRefusal(certificate))
    throw damaged(source, `the certificate of round ${round} is damaged: ${certificate.detail ?? certificate.refused}`)
  const signed = await open(certificate.outcomes[0] ?? new Uint8Array(0), { kinds: ['outcome'] })
  if (isRefusal(signed))
    throw damaged(source, `the certificate of round ${round} is damaged: ${signed.detail ?? signed.refused}`)
  return signed.payload
}

/** Merkle root over the SHA-256 of each partition; zero for SKIP. */
export async function aggregateRootOf(partitions: Partitions): Promise<Hash> {
  if (partitions === null) return new Uint8Array(32)
  return merkleRoot(await Promise.all(partitions.map(bytes => digestOf(bytes))), smallHash)
}

function damaged({ folder }: Pick<StageSource, 'folder'>, what: string, cause?: unknown): ExitError {
  return new ExitError(
    'data',
    `${folder}: ${what}`,
    'swarm-node verify --data <folder> --chain <url> on a sibling, or join again with an empty folder',
    { cause },
  )
}
