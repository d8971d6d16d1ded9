/** A stage that cannot be re-formed decides nothing. */
import { checker, violation } from './support.ts'

export const lostWaits = checker(
  {
    name: 'lost-waits',
    about:
      'A stage for which an epoch finds too few peers certifies nothing of that epoch or a later one until it is re-formed.',
    why: 'Fewer than 3f + 1 seats stand fewer liars than the run says: it stops and says how many it needs.',
    kind: 'safety',
    tiers: [0],
  },
  seats => {
    /** By stage: the epoch since which it is short. */
    const short = new Map<number, number>()
    return {
      event(event) {
        if (event.type === 'short' && !short.has(event.stage)) short.set(event.stage, event.epoch)
        if (event.type === 'reformed') short.delete(event.stage)
        if (event.type !== 'certified' || !seats.isHonest(event.peer)) return null
        const since = short.get(event.stage)
        if (since === undefined || (event.epoch ?? 0) < since) return null
        const words = `stage ${event.stage} certified round ${event.round} of epoch ${event.epoch} though it lacks peers since epoch ${since}`
        return violation('lost-waits', event.atMs, words, [event.peer])
      },
    }
  },
)
