/** After healing a certificate comes within f + 1 views. */
import type { SimEvent } from '../trace/types.ts'
import { checker, type Seats, violation } from './support.ts'

export const heals = checker(
  {
    name: 'heals',
    about:
      'Once faults have healed and n - f honest seats take part in a round, it is decided at most f + 1 views after the highest view that was reached before. A round that fewer than n - f honest seats commit to is skipped at most f + 1 views after view f: before, nobody may.',
    why: 'Locks are shown beside every precommit, so the next honest leader proposes what can be accepted; f + 1 leaders in a row, who may, hold an honest one.',
    kind: 'liveness',
    // In real time a busy machine is late as a network is: there it counts that the run finishes.
    tiers: [0, 1],
  },
  (seats, scenario) => {
    const reached = new Map<string, number>()
    const committed = new Map<string, Set<number>>()
    /** Decided after the healing: who hears of that in a later view has not decided later. */
    const decided = new Set<string>()
    const work = new AtWork(seats)
    return {
      event(event) {
        work.note(event)
        const isCommit = event.type === 'signed' && event.kind === 'commit'
        if (event.type !== 'view' && event.type !== 'decided' && !isCommit) return null
        if (!seats.isHonest(event.peer)) return null
        const key = `${event.stage}/${event.round}`
        const authors = committed.get(key) ?? new Set()
        if (isCommit) committed.set(key, authors.add(event.peer))
        if (event.type === 'view' && (event.atMs <= scenario.healAtMs || !work.hasQuorum(event.stage, key)))
          reached.set(key, Math.max(reached.get(key) ?? 0, event.view ?? 0))
        if (event.type !== 'decided' || event.atMs <= scenario.healAtMs) return null
        const decision = `${key}/${event.epoch ?? ''}/${event.value}`
        if (decided.has(decision)) return null
        decided.add(decision)
        const size = seats.size(event.stage, event.epoch)
        const faults = faultsOf(size)
        const mustSkip = event.skip && authors.size < size - faults
        const before = Math.max(reached.get(key) ?? 0, mustSkip ? faults : 0)
        if (event.view <= before + faults + 1) return null
        const words = `stage ${event.stage} decided round ${event.round} in view ${event.view}, more than ${faults + 1} views after view ${before}, ${mustSkip && before === faults ? 'before which it could not be skipped' : 'in which the faults healed'}`
        return violation('heals', event.atMs, words, [event.peer])
      },
    }
  },
)

const faultsOf = (size: number): number => Math.floor((size - 1) / 3)

/** Who takes part in which round: a peer that was started again is in none until it knows what it signed before. */
class AtWork {
  readonly #seats: Seats
  /** By peer. */
  readonly #rounds = new Map<number, string>()
  readonly #suspended = new Set<number>()
  /** The newest by stage, where members change. */
  readonly #epochs = new Map<number, number>()

  constructor(seats: Seats) {
    this.#seats = seats
  }

  note(event: SimEvent): void {
    if (event.type === 'seats') this.#epochs.set(event.stage, event.epoch)
    if (event.type === 'down') this.#rounds.delete(event.peer)
    if (event.type === 'round.opened') this.#rounds.set(event.peer, `${event.stage}/${event.round}`)
    if (event.type === 'suspended') this.#suspended.add(event.peer)
    if (event.type === 'resumed') this.#suspended.delete(event.peer)
  }

  /** n - f honest seats take part, so that a leader's proposal can win. */
  hasQuorum(stage: number, round: string): boolean {
    const epoch = this.#epochs.get(stage)
    const size = this.#seats.size(stage, epoch)
    const present = this.#seats
      .honest(stage, epoch)
      .filter(peer => this.#rounds.get(peer) === round && !this.#suspended.has(peer))
    return present.length >= size - faultsOf(size)
  }
}
