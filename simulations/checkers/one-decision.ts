/** One decision a round. */
import { checker, violation } from './support.ts'

export const oneDecision = checker(
  {
    name: 'one-decision',
    about: 'Honest replicas of a stage never decide two values in one round.',
    why: 'Two decisions are two histories: the stage is split. Tendermint gives this for up to f arbitrary seats, by locks and quorums of n - f.',
    kind: 'safety',
  },
  seats => {
    const decided = new Map<string, { readonly value: string; readonly peer: number }>()
    return {
      event(event) {
        if ((event.type !== 'decided' && event.type !== 'certified') || !seats.isHonest(event.peer)) return null
        const { stage, round, value, peer, atMs } = event
        // A stage that is re-formed has rounds of its own: their numbers are not used again, but where a liar hid that they were.
        const key = `${stage}/${event.epoch ?? ''}/${round}`
        const first = decided.get(key)
        if (first === undefined) decided.set(key, { value, peer })
        if (first === undefined || first.value === value) return null
        const words = `stage ${stage} decided two values in round ${round}: peer ${first.peer} ${first.value.slice(0, 8)}, peer ${peer} ${value.slice(0, 8)}`
        return violation('one-decision', atMs, words, [first.peer, peer])
      },
    }
  },
)
