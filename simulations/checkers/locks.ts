/** Honest votes keep their locks. */
import { checker, violation } from './support.ts'

interface Precommitted {
  readonly view: number
  readonly value: string
}

export const locks = checker(
  {
    name: 'locks',
    about:
      'An honest peer that precommitted a value prevotes another one only with a polka of that view or a later one.',
    why: 'Tendermint, lines 22 to 33: it is what makes two decisions impossible, and what AMNESIA convicts. Read from the votes alone, so it holds whether or not anybody reports it.',
    kind: 'safety',
    // Real processes do not tell what they sign.
    tiers: [0, 1],
  },
  seats => {
    const newest = new Map<string, Precommitted>()
    const polkas = new Map<string, Set<number>>()
    return {
      event(event) {
        if (event.type !== 'signed' || !seats.isHonest(event.peer) || event.value == null || event.view === undefined)
          return null
        const round = `${event.stage}/${event.epoch ?? ''}/${event.round}`
        const key = `${round}/${event.peer}`
        const ballot = `${round}/${event.view}/${event.value}`
        if (event.kind === 'precommit') newest.set(key, { view: event.view, value: event.value })
        if (event.kind !== 'prevote') return null
        polkas.set(ballot, (polkas.get(ballot) ?? new Set<number>()).add(event.peer))
        const lock = newest.get(key)
        if (lock === undefined || lock.value === event.value || lock.view >= event.view) return null
        const honest = seats.honest(event.stage, event.epoch).length
        const needed = honest - Math.floor((seats.size(event.stage, event.epoch) - 1) / 3)
        for (let view = lock.view; view < event.view; view++)
          if ((polkas.get(`${round}/${view}/${event.value}`)?.size ?? 0) >= Math.max(1, needed)) return null
        const words = `honest peer ${event.peer} of stage ${event.stage} prevoted against its lock of view ${lock.view} in view ${event.view} of round ${event.round}`
        return violation('locks', event.atMs, words, [event.peer])
      },
    }
  },
)
