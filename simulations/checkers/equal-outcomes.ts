/** Equal (value, outcome) and state at honest replicas. */
import { checker, violation } from './support.ts'

export const equalOutcomes = checker(
  {
    name: 'equal-outcomes',
    about: 'Honest replicas of a stage certify the same value, outcome and state in each round.',
    why: 'Replicas are bit-identical state machines: a difference means that somebody built on something that was not agreed.',
    kind: 'safety',
  },
  seats => {
    const certified = new Map<string, { readonly text: string; readonly peer: number }>()
    return {
      event(event) {
        if (event.type !== 'certified' || !seats.isHonest(event.peer)) return null
        const { stage, round, peer, atMs } = event
        const key = `${stage}/${event.epoch ?? ''}/${round}`
        const text = `${event.value}/${event.outcome}/${event.state}`
        const first = certified.get(key)
        if (first === undefined) certified.set(key, { text, peer })
        if (first === undefined || first.text === text) return null
        const words = `stage ${stage} has two certificates of round ${round}: peers ${first.peer} and ${peer} hold different ones`
        return violation('equal-outcomes', atMs, words, [first.peer, peer])
      },
    }
  },
)
