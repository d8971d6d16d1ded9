/** One final history. */
import { checker, violation } from './support.ts'

export const oneFinal = checker(
  {
    name: 'one-final',
    about: 'At most one history of a stage up to a round is ever final on the chain, and it is the certified one.',
    why: 'Strangers sync from final anchors: two links for one round would be two truths. Honest peers post only links of their certified history.',
    kind: 'safety',
  },
  seats => {
    const final = new Map<string, { readonly link: string; readonly peer: number }>()
    return {
      event(event) {
        if (event.type !== 'anchored' || !event.final || !seats.isHonest(event.peer)) return null
        const key = `${event.stage}/${event.round}`
        const first = final.get(key)
        if (first === undefined) final.set(key, event)
        if (first === undefined || first.link === event.link) return null
        const words = `two links of stage ${event.stage} up to round ${event.round} are final`
        return violation('one-final', event.atMs, words, [first.peer, event.peer])
      },
    }
  },
)
