/** A decision rests on a quorum of precommits. */
import { checker, violation } from './support.ts'

export const decisiveVotes = checker(
  {
    name: 'decisive-votes',
    about: 'What an honest peer decides was precommitted in one view by n - 2f honest seats at least.',
    why: 'Q precommits hold at most f of liars, so n - 2f honest ones are among them: counted from the signatures that honest peers really made.',
    kind: 'safety',
    // Real processes do not tell what they sign.
    tiers: [0, 1],
  },
  seats => {
    const votes = new Map<string, Map<number, Set<number>>>()
    const honestVotes = (key: string): number =>
      Math.max(0, ...[...(votes.get(key)?.values() ?? [])].map(peers => peers.size))
    return {
      event(event) {
        if (
          event.type === 'signed' &&
          event.kind === 'precommit' &&
          event.value != null &&
          seats.isHonest(event.peer)
        ) {
          const key = `${event.stage}/${event.round}/${event.value}`
          const views = votes.get(key) ?? new Map<number, Set<number>>()
          const view = event.view ?? 0
          views.set(view, (views.get(view) ?? new Set<number>()).add(event.peer))
          votes.set(key, views)
        }
        if (event.type !== 'decided' || !seats.isHonest(event.peer)) return null
        const size = seats.size(event.stage, event.epoch)
        const faults = Math.floor((size - 1) / 3)
        const liars = size - seats.honest(event.stage, event.epoch).length
        const needed = size - faults - Math.max(liars, 0)
        const found = honestVotes(`${event.stage}/${event.round}/${event.value}`)
        if (liars > faults || found >= needed) return null
        const words = `stage ${event.stage} decided round ${event.round} on ${found} honest precommits of one view where ${needed} are needed`
        return violation('decisive-votes', event.atMs, words, [event.peer])
      },
    }
  },
)
