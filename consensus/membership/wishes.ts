/** What a replica can prove by itself, from the certificates that it holds. */
import type { RoundContext } from '../round/types.ts'
import type { PastOutcomes, Wish } from './types.ts'
import { changeFault } from './validity.ts'

/**
 * The removals of seats that have not been heard for long.
 *
 * @param past - of each of the rounds of `absenceRounds`, the outcomes of its certificate
 */
export function absences(context: RoundContext, past: PastOutcomes): Wish[] {
  const proof = past.flat()
  return context.group.seats
    .map(({ peer }): Wish => ({ change: { peer, act: 'remove-absent' }, proof }))
    .filter(({ change }) => changeFault(context, change, proof) === null)
}
