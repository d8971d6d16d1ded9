/** The record book never goes back. */
import { checker, violation } from './support.ts'

export const recordsMonotone = checker(
  {
    name: 'records-monotone',
    about: 'A record of a peer is only replaced by one with a higher sequence.',
    why: 'An old address that comes back cuts a peer off. The DHT stores whatever its validator lets through, so the book must remember.',
    kind: 'safety',
  },
  seats => {
    const newest = new Map<string, number>()
    return {
      event(event) {
        if (event.type === 'fault' && event.kind === 'restart-empty')
          for (const key of newest.keys()) if (event.peers.some(peer => key.startsWith(`${peer}/`))) newest.delete(key)
        if (event.type !== 'record' || !seats.isHonest(event.peer)) return null
        const key = `${event.peer}/${event.of}`
        const before = newest.get(key) ?? -1
        newest.set(key, event.sequence)
        if (event.sequence >= before) return null
        const words = `peer ${event.peer} took record ${event.sequence} of peer ${event.of} after record ${before}`
        return violation('records-monotone', event.atMs, words, [event.peer, event.of])
      },
    }
  },
)
