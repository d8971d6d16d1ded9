/** Changes of the stage's members that this replica would see decided, for when it leads (consensus/membership). */
import { compareText, hashHex } from '../../protocols/wire/hash.ts'
import type { Change, Signed } from '../../protocols/wire/messages.ts'
import type { Wish } from '../membership/types.ts'
import { changeFault, changesFault } from '../membership/validity.ts'
import { WISHES_PER_SEAT } from './constants.ts'
import type { RoundState } from './state.ts'

/** In which order the limits of an epoch are used up: admissions last, as removals make room for them. */
const ORDER: readonly Change['act'][] = ['remove-proven', 'remove-left', 'pause', 'remove-absent', 'admit']

/**
 * Kept where it is possible and proven, as all that this depends on is fixed for the round; one a peer, the graver one. Whether
 * the limits leave room for it shows when it is proposed.
 */
export function noteWish(state: RoundState, wish: Wish): void {
  const { context, wishes } = state
  const { change, proof } = wish
  const known = wishes.get(change.peer)
  if (known !== undefined && rank(known) <= rank(wish)) return
  if (known === undefined && wishes.size >= WISHES_PER_SEAT * context.group.seats.length) return
  if (changeFault(context, change, proof) === null) wishes.set(change.peer, wish)
}

/** The changes of a fresh value, sorted by peer, with at most `room` envelopes that prove them. */
export function chooseChanges(
  { context, wishes }: RoundState,
  room: number,
): { readonly changes: readonly Change[]; readonly proof: readonly Signed[] } {
  const sorted = [...wishes.values()].sort((a, b) => rank(a) - rank(b) || compareText(a.change.peer, b.change.peer))
  let changes: readonly Change[] = []
  // Several absences share their proof.
  let proof: ReadonlyMap<string, Signed> = new Map()
  for (const wish of sorted) {
    const more = [...changes, wish.change]
    const shown = new Map([...proof, ...wish.proof.map(signed => [hashHex(signed.envelope), signed] as const)])
    if (shown.size > room || changesFault(context, more) !== null) continue
    changes = more
    proof = shown
  }
  return { changes: [...changes].sort((a, b) => compareText(a.peer, b.peer)), proof: [...proof.values()] }
}

function rank({ change }: Wish): number {
  return ORDER.indexOf(change.act)
}
