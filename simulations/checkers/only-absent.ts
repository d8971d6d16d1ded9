/** Nobody who was there is removed. */
import { checker, violation } from './support.ts'

export const onlyAbsent = checker(
  {
    name: 'only-absent',
    about: 'A stage removes as absent no honest peer that no fault has struck.',
    why: 'Fewer than f + 1 of Q outcomes must name it in each of three rounds: at least f + 1 of any Q are honest, and they heard who was there.',
    kind: 'safety',
    tiers: [0],
  },
  (seats, scenario) => {
    const struck = new Set(scenario.faults.flatMap(({ peers }) => peers))
    const isCalm = scenario.faults.every(({ peers }) => peers.length > 0)
    return {
      event(event) {
        if (event.type !== 'changed' || event.act !== 'remove-absent') return null
        if (!isCalm || struck.has(event.peer) || !seats.isHonest(event.peer)) return null
        const words = `stage ${event.stage} removes peer ${event.peer} in round ${event.round} as absent, which nothing had struck`
        return violation('only-absent', event.atMs, words, [event.peer])
      },
    }
  },
)
