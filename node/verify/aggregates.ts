/** (c) The aggregates that a folder holds are the certified ones: their Merkle root is the outcome's. */
import { equalBytes } from '../../protocols/wire/hash.ts'
import { aggregateRootOf } from '../export/history.ts'
import type { FaultList } from './faults.ts'
import type { PeerFolder } from './folders.ts'
import type { StageHistory } from './history.ts'

/** @returns how many were checked */
export async function checkAggregates(
  folder: PeerFolder,
  { from, rounds }: StageHistory,
  faults: FaultList,
  signal: AbortSignal,
): Promise<number> {
  let checked = 0
  for (const [index, [certificate]] of rounds.entries()) {
    signal.throwIfAborted()
    const round = from + index
    const partitions = await folder.store.aggregates(round)
    // Rounds before the older snapshot are no longer held.
    if (partitions === undefined || certificate === undefined) continue
    checked++
    if (!equalBytes(await aggregateRootOf(partitions), certificate.outcome.aggregateRoot))
      faults.add(`${folder.name}, round ${round}`, 'the aggregate is not the one that was certified')
  }
  return checked
}
