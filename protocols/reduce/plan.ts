/**
 * Who gets a partition of the own commitment, and when (round.md, "Commit, availability"): its 2f + 1 ranked candidates in
 * order, the first f + 1 at once, the next one for each that failed or has not acknowledged in time. Pure: the caller has
 * the clock and reports. Candidates that are late stay welcome; a late acknowledgement counts.
 */
import type { PeerName } from '../wire/messages.ts'

export interface Send {
  readonly partition: number
  readonly to: PeerName
}

/** What happened to a send. */
export interface Report extends Send {
  readonly type: 'acknowledged' | 'failed' | 'timeout'
}

interface PartitionPlan {
  readonly candidates: readonly PeerName[]
  /** Candidates before this one were asked. */
  next: number
  readonly acknowledged: Set<PeerName>
  /** Asked, neither acknowledged nor given up. */
  readonly waiting: Set<PeerName>
}

/** Consumed by {@link advancePlan}. */
export interface ScatterPlan {
  /** Acknowledgements that a partition needs: f + 1, one of them honest. */
  readonly needed: number
  readonly partitions: readonly PartitionPlan[]
}

/** `candidates[p]` ranks the candidates of partition p; where `self` is one, it holds its own partition already. */
export function startPlan(
  candidates: readonly (readonly PeerName[])[],
  self: PeerName,
  faults: number,
): { plan: ScatterPlan; sends: Send[] } {
  const partitions = candidates.map(ranked => ({
    candidates: ranked.filter(peer => peer !== self),
    next: 0,
    acknowledged: new Set(ranked.filter(peer => peer === self)),
    waiting: new Set<PeerName>(),
  }))
  const plan = { needed: faults + 1, partitions }
  return { plan, sends: partitions.flatMap((_, partition) => refill(plan, partition)) }
}

/** Takes a report and returns the sends that it calls for: none or, but for repeated reports, one. */
export function advancePlan(plan: ScatterPlan, { type, partition, to }: Report): Send[] {
  const part = plan.partitions[partition]
  if (part?.candidates.includes(to) !== true) return []
  part.waiting.delete(to)
  if (type === 'acknowledged') part.acknowledged.add(to)
  return refill(plan, partition)
}

/** True once every partition has its acknowledgements: the commitment is available. */
export function isAvailable(plan: ScatterPlan): boolean {
  return plan.partitions.every(part => part.acknowledged.size >= plan.needed)
}

function refill(plan: ScatterPlan, partition: number): Send[] {
  const part = plan.partitions[partition]!
  const sends: Send[] = []
  while (part.acknowledged.size + part.waiting.size < plan.needed && part.next < part.candidates.length) {
    const to = part.candidates[part.next++]!
    part.waiting.add(to)
    sends.push({ partition, to })
  }
  return sends
}
