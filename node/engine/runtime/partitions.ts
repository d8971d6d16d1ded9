/** How a stage's flat vector is cut into partitions, the unit of commitment and aggregation (round.md, "Commit"). */
import { MAX_PARTITION_VALUES, PARTITIONS_PER_REPLICA } from './constants.ts'

export interface Partitioning {
  /** Values of the whole vector. */
  readonly values: number
  /** Values of a partition; the last may have fewer. */
  readonly partitionValues: number
  readonly partitions: number
}

export function partition(values: number, replicas: number): Partitioning {
  const partitionValues = Math.min(MAX_PARTITION_VALUES, Math.ceil(values / (PARTITIONS_PER_REPLICA * replicas)))
  return { values, partitionValues, partitions: Math.ceil(values / partitionValues) }
}

/** First value and number of values of a partition; null where there is no such partition. */
export function partitionSpan(
  { values, partitionValues, partitions }: Partitioning,
  index: number,
): { readonly start: number; readonly count: number } | null {
  if (!Number.isInteger(index) || index < 0 || index >= partitions) return null
  const start = index * partitionValues
  return { start, count: Math.min(partitionValues, values - start) }
}
