/** Opens what a peer keeps for its stage: engine, signing journal, round store. */
import type { PrivateKey } from '@libp2p/interface'
import { seal } from '../../protocols/wire/envelope.ts'
import type { Digest } from '../../protocols/wire/environment.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { ExitError } from '../cli/exit.ts'
import { cutModel } from '../engine/partition/index.ts'
import { createStageEngine, EngineError, type StageEngine } from '../engine/runtime/index.ts'
import { JournalDamaged, RoundStore, SigningJournal } from '../journal/index.ts'
import type { Run } from '../run/folder.ts'
import { FIRST_ROUND } from '../run/state-chain.ts'
import type { PeerDisk } from './disk.ts'
import type { ComputeShare } from './environment.ts'

export interface StageDisk {
  readonly journal: SigningJournal
  readonly store: RoundStore
}

export interface StageDiskInit {
  readonly disk: PeerDisk
  /** Where that is, for messages. */
  readonly folder: string
  readonly run: Run
  readonly stage: number
  readonly self: PeerName
  readonly privateKey: PrivateKey
  readonly digest: Digest
}

/** @throws ExitError 'data' where flushed bytes cannot be read */
export async function openStageDisk(init: StageDiskInit): Promise<StageDisk> {
  const { disk, folder, run, stage, self, privateKey, digest } = init
  try {
    const storage = await disk.openRounds()
    const before = disk.seat()
    if (before !== null && before !== stage) await RoundStore.forgetState(storage)
    disk.noteSeat(stage)
    const store = await RoundStore.open({
      storage,
      stage,
      stages: run.manifest.stages,
      digest,
      firstRound: FIRST_ROUND,
    })
    const journal = await SigningJournal.open({
      storage: await disk.openJournal(),
      signer: self,
      seal: payload => seal(payload, privateKey),
      expectExisting: store.newest(stage) !== null,
    })
    return { journal, store }
  } catch (cause) {
    if (!(cause instanceof JournalDamaged)) throw cause
    throw new ExitError(
      'data',
      `${folder}: ${cause.message}`,
      'move the folder away, keep identity.key and account.key, and join again: the peer then follows until it is safe to sign',
      { cause },
    )
  }
}

export async function openEngine(
  run: Run,
  stage: number,
  { threads, memoryBytes }: ComputeShare,
  onDeath: (error: EngineError) => void,
): Promise<StageEngine> {
  const { manifest } = run
  const cut = cutModel(manifest.model, manifest.stages, manifest.batch.sequences)[stage]
  if (cut === undefined) throw new RangeError(`no stage ${stage}`)
  try {
    return await createStageEngine({
      manifest,
      cut,
      replicas: manifest.replicas,
      threads,
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      onDeath,
    })
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause
    throw new ExitError('configuration', cause.message, 'swarm-node up --help lists the models that can be trained', {
      cause,
    })
  }
}
