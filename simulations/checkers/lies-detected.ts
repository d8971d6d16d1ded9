/** Every detectable lie is detected. */
import { ATTACKS } from '../attackers/index.ts'
import { checker, violation } from './support.ts'

/** Virtual time in which a lie must have reached an honest peer that sees it: some resends, and a round. */
const BOUND_MS = 90_000

interface Lie {
  readonly attack: string
  readonly peer: number
  readonly atMs: number
}

export const liesDetected = checker(
  {
    name: 'lies-detected',
    about:
      'Who contradicts its own signature, or sends what is false, is proven or refused by name at an honest peer in time.',
    why: 'A wrong message is worth more than a lost one: what can be seen must be seen, or nobody is deterred.',
    kind: 'liveness',
  },
  (seats, scenario) => {
    const open = new Map<string, Lie>()
    const caught = new Set<string>()
    return {
      event(event) {
        if (event.type === 'attacked') {
          const expect = ATTACKS[event.attack]?.expect
          const key = `${event.peer}/${expect}`
          if ((expect === 'evidence' || expect === 'refused') && !caught.has(key) && !open.has(key))
            open.set(key, event)
        }
        if (event.type === 'evidence' && seats.isHonest(event.peer)) {
          caught.add(`${event.accused}/evidence`).add(`${event.accused}/refused`)
          open.delete(`${event.accused}/evidence`)
          open.delete(`${event.accused}/refused`)
        }
        if (event.type === 'refused' && event.from !== null) {
          // A lie that only reached a fellow liar deters nobody and hurts nobody; the next telling opens it anew.
          open.delete(`${event.from}/refused`)
          if (seats.isHonest(event.peer)) caught.add(`${event.from}/refused`)
        }
        return null
      },
      end(atMs) {
        for (const lie of open.values()) {
          if (Math.max(lie.atMs, scenario.healAtMs) + BOUND_MS > atMs) continue
          const words = `peer ${lie.peer} began ${lie.attack} at ${Math.round(lie.atMs)} ms and nobody noticed in ${BOUND_MS} ms`
          return violation('lies-detected', atMs, words, [lie.peer])
        }
        return null
      },
    }
  },
)
