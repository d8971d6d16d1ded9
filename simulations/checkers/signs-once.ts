/** An honest peer signs one thing a slot. */
import { checker, violation } from './support.ts'

export const signsOnce = checker(
  {
    name: 'signs-once',
    about: 'An honest peer never signs two different things in one slot (run, epoch, stage, round, kind, view).',
    why: 'The journal is on the disk before a signature leaves, and one that lacks something does not sign.',
    kind: 'safety',
    // Real processes do not tell what they sign.
    tiers: [0, 1],
  },
  seats => {
    const signed = new Map<string, string>()
    return {
      event(event) {
        if (event.type !== 'signed' || event.slot === null || !seats.isHonest(event.peer)) return null
        const key = `${event.peer}/${event.slot}`
        const first = signed.get(key)
        if (first === undefined) signed.set(key, event.essence)
        if (first === undefined || first === event.essence) return null
        const words = `honest peer ${event.peer} signed twice in ${event.slot}`
        return violation('signs-once', event.atMs, words, [event.peer])
      },
    }
  },
)
