/** The run comes to its end. */
import { checker, violation } from './support.ts'

export const finishes = checker(
  {
    name: 'finishes',
    about: 'After the faults have healed, every honest peer certifies all rounds of the workload before the limit.',
    why: 'With at most f liars a stage and a network that delivers, rounds go on, and who was away catches up.',
    kind: 'liveness',
  },
  (seats, scenario) => {
    const newest = new Map<number, number>()
    const down = new Set<number>()
    let reason = ''
    return {
      event(event) {
        if (event.type === 'up') down.delete(event.peer)
        if (event.type === 'down') down.add(event.peer)
        if (event.type === 'certified') newest.set(event.peer, Math.max(newest.get(event.peer) ?? 0, event.round))
        if (event.type === 'seat') newest.set(event.peer, 0)
        if (event.type === 'end') reason = event.reason
        return null
      },
      end(atMs) {
        if (reason === 'finished') return null
        if (reason !== 'limit' || scenario.healAtMs >= scenario.limitMs) return 'unknown'
        const late = [...newest].filter(
          ([peer, round]) => seats.isHonest(peer) && !down.has(peer) && round < scenario.workload.rounds,
        )
        const [first] = late.toSorted(([, a], [, b]) => a - b)
        if (first === undefined) return null
        const [peer, round] = first
        const words = `${late.length} honest peers did not finish: peer ${peer} of stage ${seats.stageOf(peer)} is at round ${round} of ${scenario.workload.rounds}`
        return violation(
          'finishes',
          atMs,
          words,
          late.map(([other]) => other),
        )
      },
    }
  },
)
