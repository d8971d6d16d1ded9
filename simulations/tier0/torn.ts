/**
 * What a loss of power leaves of a record that was never flushed: held partitions and the bytes of the own commitment, which
 * are files of their own (node/journal/held, node/journal/commits). Everything else waits for its flush.
 */
import { afterPowerLoss } from '../kernel/power-loss.ts'
import type { RandomStream } from '../kernel/random.ts'
import type { DiskRecord } from './journal.ts'

export function torn(record: DiskRecord, random: RandomStream): DiskRecord {
  const left = (bytes: Uint8Array): Uint8Array => afterPowerLoss(bytes, 0, random)
  if (record.kind === 'held') return { ...record, bytes: left(record.bytes) }
  if (record.kind === 'own-commit') return { ...record, partitions: record.partitions.map(left) }
  return record
}
