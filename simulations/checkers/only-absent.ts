/** Nobody who was there is removed. */
import { absenceBlocks } from '../../consensus/membership/index.ts'
import { checker, violation } from './support.ts'

/** Leaders may be two blocks apart in what they know of the chain. */
const BLOCKS_APART = 2

/** Faults that leave the chain as it is to everybody else. */
const SPARING: ReadonlySet<string> = new Set(['crash', 'pause', 'leave', 'give-up', 'restart-torn'])

export const onlyAbsent = checker(
  {
    name: 'only-absent',
    about:
      'A stage removes as absent no honest peer that no fault has struck, and where the chain runs evenly none that was struck a moment ago.',
    why: 'Fewer than f + 1 of Q outcomes must name it in each of three rounds: at least f + 1 of any Q are honest, and they heard who was there. And these rounds reach over an eighth of the epoch in blocks.',
    kind: 'safety',
    tiers: [0],
  },
  (seats, { faults, chain }) => {
    const sinceMs = new Map<number, number>()
    for (const { peers, atMs } of faults)
      for (const peer of peers) sinceMs.set(peer, Math.min(atMs, sinceMs.get(peer) ?? Number.POSITIVE_INFINITY))
    const isCalm = faults.every(({ peers }) => peers.length > 0)
    const isEven = isCalm && faults.every(({ kind }) => SPARING.has(kind))
    const blocks = absenceBlocks(chain.epochBlocks ?? 0) - BLOCKS_APART
    const leastMs = isEven ? Math.max(0, blocks * chain.blockMs) : 0
    return {
      event(event) {
        if (event.type !== 'changed' || event.act !== 'remove-absent') return null
        const struckMs = sinceMs.get(event.peer) ?? Number.POSITIVE_INFINITY
        if (!isCalm || event.atMs >= struckMs + leastMs || !seats.isHonest(event.peer)) return null
        const why = event.atMs < struckMs ? 'which nothing had struck' : 'which was struck a moment ago'
        const words = `stage ${event.stage} removes peer ${event.peer} in round ${event.round} as absent, ${why}`
        return violation('only-absent', event.atMs, words, [event.peer])
      },
    }
  },
)
