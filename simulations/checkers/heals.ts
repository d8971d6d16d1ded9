/** After healing a certificate comes within f + 1 views. */
import { checker, violation } from './support.ts'

export const heals = checker(
  {
    name: 'heals',
    about:
      'Once faults have healed, each round is decided at most f + 1 views after the highest view that was reached before.',
    why: 'Locks are shown beside every precommit, so the next honest leader proposes what can be accepted; f + 1 leaders in a row hold an honest one.',
    kind: 'liveness',
    // In real time a busy machine is late as a network is: there it counts that the run finishes.
    tiers: [0, 1],
  },
  (seats, scenario) => {
    const reached = new Map<string, number>()
    return {
      event(event) {
        if (event.type !== 'view' && event.type !== 'decided') return null
        if (!seats.isHonest(event.peer)) return null
        const key = `${event.stage}/${event.round}`
        if (event.type === 'view') {
          if (event.atMs <= scenario.healAtMs) reached.set(key, Math.max(reached.get(key) ?? 0, event.view ?? 0))
          return null
        }
        if (event.atMs <= scenario.healAtMs) return null
        const faults = Math.floor((seats.size(event.stage, event.type === 'decided' ? event.epoch : undefined) - 1) / 3)
        const before = reached.get(key) ?? 0
        if (event.type !== 'decided' || event.view <= before + faults + 1) return null
        const words = `stage ${event.stage} decided round ${event.round} in view ${event.view}, more than ${faults + 1} views after view ${before} in which the faults healed`
        return violation('heals', event.atMs, words, [event.peer])
      },
    }
  },
)
