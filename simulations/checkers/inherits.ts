/** A re-formed stage goes on from what honest members have. */
import { checker, violation } from './support.ts'

export const inherits = checker(
  {
    name: 'inherits',
    about:
      'A stage is re-formed from a round that an honest one of its claimants has certified, from what is final, or from a checkpoint that the next stage keeps; from an earlier round than the final one only where it was re-formed from that in vain, or nobody claims.',
    why: 'More than f claimants must hold the base, so one of them is honest: a liar that alone has the newest certificate does not inherit the stage. What is final is undone only where nobody gives its state.',
    kind: 'safety',
    tiers: [0],
  },
  seats => {
    /** By stage: the newest round that was shown on the chain. */
    const final = new Map<number, { readonly round: number; readonly value: string }>()
    const certified = new Map<string, Set<number>>()
    /** By stage: what is final by its last recovery, until a round is shown. */
    const inVain = new Map<number, number>()
    return {
      event(event) {
        if (event.type === 'renewed') final.set(event.stage, event)
        if (event.type === 'certified') {
          const key = `${event.stage}/${event.round}/${event.value}`
          certified.set(key, (certified.get(key) ?? new Set()).add(event.peer))
        }
        if (event.type !== 'reformed') return null
        const { stage, base, value, resume, claimants, keepers = [], atMs } = event
        const last = final.get(stage)
        const isFinal = last === undefined ? base === 0 : last.round === base && last.value === value
        const holders = certified.get(`${stage}/${base}/${value}`)
        const isKept = keepers.length > 0 && holders !== undefined
        const isHeld = isKept || claimants.some(peer => seats.isHonest(peer) && holders?.has(peer) === true)
        const wasInVain = inVain.get(stage) === last?.round
        inVain.set(stage, resume - 1)
        if (isFinal || (isHeld && (wasInVain || (isKept && claimants.length === 0) || base >= (last?.round ?? 0))))
          return null
        const words = `stage ${stage} is re-formed from round ${base}, which ${isHeld ? `is before its final round ${last?.round}` : 'no honest claimant has'}`
        return violation('inherits', atMs, words, claimants)
      },
    }
  },
)
