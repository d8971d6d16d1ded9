/** What is known of the other stages, by their certificates and the chain, and what it means for the work of a round in progress. */

/** How far the other stages are known to be certified. */
export interface OtherStages {
  /** All of them, to this round or beyond. */
  othersReached(round: number): boolean
  /** One of them at least. */
  someReached(round: number): boolean
  /** A stage that was re-formed has left it out. */
  isPassedOver(round: number): boolean
}

interface RoundInProgress {
  readonly round: number
  /** Null where this peer does no work in it. */
  readonly work: { pipelineReady(): void; close(isReached: boolean): void } | null
  idle(): void
}

/**
 * Once all are in the round its time runs. Once one of them has left it no micro-batch can get through any more: a stage
 * that waited for one would stay a round behind for good, and none of them would ever have work again.
 */
export function heardOf(others: OtherStages, run: RoundInProgress): void {
  const { round, work } = run
  // A stage that was re-formed waits for the others at a later round.
  if (others.isPassedOver(round)) run.idle()
  if (others.othersReached(round - 1)) work?.pipelineReady()
  if (others.someReached(round)) work?.close(false)
}
