/** Micro-batches that close a round. */

/**
 * The first rounds are smaller: two micro-batches a seat in round 1, half a one more in each round, up to the run's target.
 * A model that knows nothing yet learns from steps, not from their accuracy, and a swarm that has just started shows
 * soon that it works.
 * @param target of the manifest @param replicas seats a stage that the run starts with @param round from 1
 */
export function roundTarget(target: number, replicas: number, round: number): number {
  return Math.min(target, 2 * replicas + Math.ceil((replicas * (round - 1)) / 2))
}
