/** Partitions that this peer answers for: on the disk, then named in its HAVE, whatever round it was in when they came. */
import type { PartitionName, Reduce } from '../../protocols/reduce/index.ts'
import type { Hash, PeerName, Scope } from '../../protocols/wire/messages.ts'
import type { RefusalReason } from '../../protocols/wire/refusals.ts'
import type { HeldPartition, HeldPartitions } from '../journal/held.ts'

export interface KeepHeldInit {
  readonly journal: { readonly held: HeldPartitions }
  readonly self: PeerName
  readonly inbox: {
    readonly round: number
    readonly current: {
      readonly round: number
      stored(author: PeerName, root: Hash, partition: number): void
    } | null
  }
  readonly onRefused: (reason: RefusalReason, peer: PeerName, detail?: string) => void
}

/** On the disk before it is acknowledged: HAVE is a promise that outlives the process. */
export async function keepHeld(
  { journal, inbox, onRefused, self }: KeepHeldInit,
  reduce: Pick<Reduce, 'partition'>,
  name: PartitionName,
): Promise<void> {
  const { scope, author, root, partition } = name
  const bytes = reduce.partition(name)
  if (bytes === null || scope.round < inbox.round) return
  const place = { run: scope.run, stage: scope.stage, epoch: scope.epoch, round: scope.round }
  try {
    await journal.held.put(place, { author, root, partition }, bytes)
  } catch (error) {
    // Not acknowledged: the author turns to the next candidate.
    onRefused('overloaded', self, `a partition could not be kept: ${String(error)}`)
    return
  }
  // That of a round that is not open yet is named once it is (`keptPartitions`).
  if (inbox.current?.round === scope.round) inbox.current.stored(author, root, partition)
}

/** What is held of a round, and on the disk: it came before the round was opened here, or before it was opened again. */
export async function keptPartitions(
  journal: { readonly held: HeldPartitions },
  reduce: Pick<Reduce, 'partition'>,
  scope: Scope,
): Promise<readonly HeldPartition[]> {
  const kept = await journal.held.names(scope)
  return kept.filter(
    ({ epoch, author, root, partition }) =>
      epoch === scope.epoch && reduce.partition({ scope, author, root, partition }) !== null,
  )
}
