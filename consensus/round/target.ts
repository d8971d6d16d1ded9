/** Micro-batches that close a round. */

/** A run of many micro-batches a round is to reach them soon: half a one a seat would take it hundreds of rounds. */
const GROWING_ROUNDS = 8

/**
 * The first rounds are smaller: two micro-batches a seat in round 1, half a one more in each round, or an eighth of what is
 * missing where that is more, up to the run's target. A model that knows nothing yet learns from steps, not from their
 * accuracy, and a swarm that has just started shows soon that it works.
 * @param target of the manifest @param replicas seats a stage that the run starts with @param round from 1
 */
export function roundTarget(target: number, replicas: number, round: number): number {
  const first = 2 * replicas
  const growth = Math.max(replicas / 2, (target - first) / GROWING_ROUNDS)
  return Math.min(target, first + Math.ceil(growth * (round - 1)))
}
