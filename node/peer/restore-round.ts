/** What this peer signed in a round before it was restarted, and the commitment's bytes behind it. */
import type { LockRecord, RestoredRound } from '../../consensus/round/types.ts'
import type { Reduce } from '../../protocols/reduce/index.ts'
import { codecOf } from '../../protocols/wire/encodings.ts'
import { open } from '../../protocols/wire/envelope.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Commit, Scope, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { HeldPartitions } from '../journal/held.ts'
import type { SigningJournal } from '../journal/index.ts'
import { decodeLock, LOCK_RECORD } from './lock-record.ts'
import type { PeerParts } from './types.ts'

/** Null where nothing was signed in this round. */
export async function restoredRound(
  journal: SigningJournal,
  run: string,
  stage: number,
  { round, epoch }: { readonly round: number; readonly epoch: number },
): Promise<RestoredRound | null> {
  const messages: Signed[] = []
  for (const envelope of await journal.envelopes(run, stage)) {
    const signed = await open(envelope)
    if (isRefusal(signed)) throw new TypeError(`the journal holds an envelope that cannot be read: ${signed.refused}`)
    if (signed.payload.kind === 'record') continue
    // A round that its stage has left since may have had this number.
    const { scope } = signed.payload
    if (scope.round === round && scope.epoch === epoch) messages.push(signed)
  }
  const record = journal
    .remembered()
    .find(
      one =>
        one.name === LOCK_RECORD &&
        one.run === run &&
        one.stage === stage &&
        one.round === round &&
        one.epoch === epoch,
    )
  const lock: LockRecord = record === undefined ? { lock: null, valid: null } : await decodeLock(record.bytes)
  return messages.length === 0 && record === undefined ? null : { messages, ...lock }
}

/** Serves the own commitment again, as far as the disk has its bytes. */
export async function holdRestoredCommit(
  { journal, reduce, digest, engine, run }: PeerParts,
  restored: RestoredRound,
): Promise<void> {
  const signed = restored.messages.find((one): one is Signed<Commit> => one.payload.kind === 'commit')
  if (signed === undefined) return
  const { scope, root, leaves } = signed.payload
  const place = { run: scope.run, stage: scope.stage, epoch: scope.epoch, round: scope.round }
  const bytes = await journal.commits.get(place)
  if (bytes === null) return
  const codec = codecOf(run.manifest.encoding.gradient)
  const partitionBytes = codec.encodedBytes(engine.shape.partitionValues)
  for (const [partition, leaf] of leaves.entries()) {
    const part = bytes.subarray(partition * partitionBytes, (partition + 1) * partitionBytes)
    // Bytes that a disk has damaged are served by the candidates that acknowledged them.
    if (equalBytes(await digest(part), leaf)) reduce.hold({ scope, author: signed.signer, root, partition }, part)
  }
}

/**
 * Holds again what this peer has acknowledged: of the round in progress, of the one before, which late siblings still need, and of
 * those after it, where the disk lost the certificates that had brought it there.
 */
export async function holdRestoredPartitions(
  journal: { readonly held: HeldPartitions },
  reduce: Pick<Reduce, 'hold'>,
  scope: Scope,
): Promise<void> {
  for (const held of await journal.held.since({ ...scope, round: scope.round - 1 })) {
    const { epoch, round, author, root, partition, bytes } = held
    reduce.hold({ scope: { ...scope, epoch, round }, author, root, partition }, bytes)
  }
}
