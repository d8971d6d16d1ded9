/** Opens what a peer keeps for its stage: engine, signing journal, round store. */
import { join } from 'node:path'
import type { PrivateKey } from '@libp2p/interface'
import { seal } from '../../protocols/wire/envelope.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { ExitError } from '../cli/exit.ts'
import { cutModel } from '../engine/partition/index.ts'
import { createStageEngine, EngineError, type StageEngine } from '../engine/runtime/index.ts'
import { ROUNDS_FOLDER } from '../export/history.ts'
import { JournalDamaged, openFolder, RoundStore, SigningJournal } from '../journal/index.ts'
import type { Run } from '../run/folder.ts'
import { FIRST_ROUND } from '../run/state-chain.ts'
import { digestOf } from './digest.ts'

export interface StageDisk {
  readonly journal: SigningJournal
  readonly store: RoundStore
}

export async function openDisk(
  folder: string,
  run: Run,
  stage: number,
  self: PeerName,
  privateKey: PrivateKey,
): Promise<StageDisk> {
  try {
    const store = await RoundStore.open({
      storage: await openFolder(join(folder, ROUNDS_FOLDER)),
      stage,
      stages: run.manifest.stages,
      digest: digestOf,
      firstRound: FIRST_ROUND,
    })
    const journal = await SigningJournal.open({
      storage: await openFolder(join(folder, 'journal')),
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
  threads: number,
  onDeath: (error: EngineError) => void,
): Promise<StageEngine> {
  const { manifest } = run
  const cut = cutModel(manifest.model, manifest.stages, manifest.batch.sequences)[stage]
  if (cut === undefined) throw new RangeError(`no stage ${stage}`)
  try {
    return await createStageEngine({ manifest, cut, replicas: manifest.replicas, threads, onDeath })
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause
    throw new ExitError('configuration', cause.message, 'swarm-node up --help lists the models that can be trained', {
      cause,
    })
  }
}
