/** A peer's history only grows. */
import { checker, violation } from './support.ts'

export const monotone = checker(
  {
    name: 'monotone',
    about: 'Each process certifies round after round, each on the value and outcome of the one before.',
    why: 'A round builds on its parent; who skips or goes back has lost the history. A restart may go back to what its disk has.',
    kind: 'safety',
  },
  seats => {
    /** By stage: where a recovery goes on, and from where. */
    const reformed: { readonly stage: number; readonly base: number; readonly resume: number }[] = []
    const newest = new Map<number, { readonly round: number; readonly value: string; readonly outcome: string }>()
    return {
      event(event) {
        // What is fetched from siblings was checked link by link, and is told as one step.
        if (event.type === 'down' || event.type === 'synced') newest.delete(event.peer)
        if (event.type === 'reformed') reformed.push(event)
        if (event.type !== 'certified' || !seats.isHonest(event.peer)) return null
        const before = newest.get(event.peer)
        newest.set(event.peer, event)
        if (before === undefined) return null
        const { value, outcome } = event.parent
        const isNext =
          event.round === before.round + 1 ||
          reformed.some(
            ({ stage, base, resume }) => stage === event.stage && base === before.round && resume === event.round,
          )
        if (isNext && value === before.value && outcome === before.outcome) return null
        const words = `peer ${event.peer} certified round ${event.round} after round ${before.round} of another history`
        return violation('monotone', event.atMs, words, [event.peer])
      },
    }
  },
)
