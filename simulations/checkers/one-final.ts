/** One final history. */
import type { SimEvent } from '../trace/types.ts'
import { checker, violation } from './support.ts'

type Reformed = Extract<SimEvent, { type: 'reformed' }>
type Anchored = Extract<SimEvent, { type: 'anchored' }>

export const oneFinal = checker(
  {
    name: 'one-final',
    about:
      'At most one history of a stage up to a round is final on the chain in any block, and it is the certified one. Only a recovery takes back what is final: what was anchored after its base before its epoch began, from then on, for all who have seen that block.',
    why: 'Strangers sync from final anchors: two links for one round would be two truths. Honest peers post only links of their certified history, and pass over those that a re-formed stage has left.',
    kind: 'safety',
  },
  seats => {
    const final = new Map<string, Anchored>()
    const recoveries: Reformed[] = []
    /** Recoveries of the stage that went on before this round, and begin after this anchor. */
    const leaving = ({ stage, round, height }: Anchored): Reformed[] =>
      recoveries.filter(recovery => recovery.stage === stage && recovery.base < round && height < recovery.start)
    return {
      event(event) {
        if (event.type === 'reformed') recoveries.push(event)
        if (event.type !== 'anchored' || !event.final || !seats.isHonest(event.peer)) return null
        const { stage, round, seenAt, atMs, peer } = event
        const left = leaving(event)
        const seen = left.find(({ start }) => seenAt !== undefined && start <= seenAt)
        if (seen !== undefined) {
          const words = `an anchor of stage ${stage} up to round ${round} is taken for final though epoch ${seen.epoch} went on from round ${seen.base}`
          return violation('one-final', atMs, words, [peer])
        }
        const key = `${stage}/${round}`
        const first = final.get(key)
        if (first === undefined || first.link === event.link) {
          final.set(key, first === undefined || first.height < event.height ? event : first)
          return null
        }
        // Who is behind may still tell of what was final before.
        const [older, newer] = first.height < event.height ? [first, event] : [event, first]
        final.set(key, newer)
        if (leaving(older).some(({ start }) => start <= newer.height)) return null
        const words = `two links of stage ${stage} up to round ${round} are final`
        return violation('one-final', atMs, words, [first.peer, peer])
      },
    }
  },
)
