/**
 * Which commitments may still come, as far as this replica can tell. That is a guess, so it decides only how long is waited:
 * with one seat away and one IDLE a stage of four has nothing to decide on, and need not find that out by time-outs.
 */
import { minimumCommits } from './collect.ts'
import { isLost, type RoundState } from './state.ts'

/** Are there n - f seats that have committed, or may do so yet? */
export function mayBecomeEnough(state: RoundState): boolean {
  const { context, commits, idles } = state
  const coming = context.group.seats.filter(
    ({ peer }) => commits.has(peer) || (!idles.has(peer) && !isLost(state, peer)),
  )
  return coming.length >= minimumCommits(context)
}
