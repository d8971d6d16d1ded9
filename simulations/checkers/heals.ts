/** After healing a certificate comes within f + 1 views. */
import { checker, violation } from './support.ts'

export const heals = checker(
  {
    name: 'heals',
    about:
      'Once faults have healed, each round is decided at most f + 1 views after the highest view that was reached before. A round that fewer than n - f honest seats commit to is skipped at most f + 1 views after view f: before, nobody may.',
    why: 'Locks are shown beside every precommit, so the next honest leader proposes what can be accepted; f + 1 leaders in a row, who may, hold an honest one.',
    kind: 'liveness',
    // In real time a busy machine is late as a network is: there it counts that the run finishes.
    tiers: [0, 1],
  },
  (seats, scenario) => {
    const reached = new Map<string, number>()
    const committed = new Map<string, Set<number>>()
    return {
      event(event) {
        const isCommit = event.type === 'signed' && event.kind === 'commit'
        if (event.type !== 'view' && event.type !== 'decided' && !isCommit) return null
        if (!seats.isHonest(event.peer)) return null
        const key = `${event.stage}/${event.round}`
        const authors = committed.get(key) ?? new Set()
        if (isCommit) committed.set(key, authors.add(event.peer))
        if (event.type === 'view' && event.atMs <= scenario.healAtMs)
          reached.set(key, Math.max(reached.get(key) ?? 0, event.view ?? 0))
        if (event.type !== 'decided' || event.atMs <= scenario.healAtMs) return null
        const size = seats.size(event.stage, event.epoch)
        const faults = Math.floor((size - 1) / 3)
        const mustSkip = event.skip && authors.size < size - faults
        const before = Math.max(reached.get(key) ?? 0, mustSkip ? faults : 0)
        if (event.view <= before + faults + 1) return null
        const words = `stage ${event.stage} decided round ${event.round} in view ${event.view}, more than ${faults + 1} views after view ${before}, ${mustSkip && before === faults ? 'before which it could not be skipped' : 'in which the faults healed'}`
        return violation('heals', event.atMs, words, [event.peer])
      },
    }
  },
)
