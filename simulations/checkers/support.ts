/** What most checkers share: which peers are honest, and how a violation is written. */
import type { SimEvent, Violation } from '../trace/types.ts'
import type { Checker, RunningChecker } from './types.ts'

/** Notes who is honest and where everybody sits. */
export class Seats {
  readonly #honest = new Set<number>()
  readonly #stages = new Map<number, number>()
  /** The same by stage. */
  readonly #byStage = new Map<number, Set<number>>()
  /** Where members change, by stage and epoch. */
  readonly #groups = new Map<string, ReadonlySet<number>>()

  note(event: SimEvent): void {
    if (event.type === 'seats') this.#groups.set(`${event.stage}/${event.epoch}`, new Set(event.peers))
    if (event.type !== 'seat') return
    this.#sit(event.peer, event.stage)
    if (event.honest) this.#honest.add(event.peer)
  }

  isHonest(peer: number): boolean {
    return this.#honest.has(peer)
  }

  stageOf(peer: number): number | null {
    return this.#stages.get(peer) ?? null
  }

  /** Who has a seat of a stage in the epoch of an event; where members do not change, events name none. */
  of(stage: number, epoch?: number): ReadonlySet<number> {
    const group = epoch === undefined ? undefined : this.#groups.get(`${stage}/${epoch}`)
    return group ?? this.#seated(stage)
  }

  size(stage: number, epoch?: number): number {
    return this.of(stage, epoch).size
  }

  honest(stage: number, epoch?: number): number[] {
    return [...this.of(stage, epoch)].filter(peer => this.#honest.has(peer))
  }

  #seated(stage: number): Set<number> {
    const known = this.#byStage.get(stage)
    if (known !== undefined) return known
    const fresh = new Set<number>()
    this.#byStage.set(stage, fresh)
    return fresh
  }

  #sit(peer: number, stage: number): void {
    const before = this.#stages.get(peer)
    if (before === stage) return
    if (before !== undefined) this.#seated(before).delete(peer)
    this.#stages.set(peer, stage)
    this.#seated(stage).add(peer)
  }
}

export function violation(checker: string, atMs: number, sentence: string, peers: readonly number[]): Violation {
  return { checker, atMs, sentence, peers }
}

type Judge = Pick<RunningChecker, 'event'> & Partial<Pick<RunningChecker, 'end'>>

/** A checker of which only the events, or events and end, say something. */
export function checker(
  about: Pick<Checker, 'name' | 'about' | 'why' | 'kind'> & Partial<Pick<Checker, 'tiers'>>,
  start: (seats: Seats, scenario: Parameters<Checker['start']>[0]) => Judge,
): Checker {
  return {
    tiers: [0, 1, 2],
    ...about,
    start(scenario) {
      const seats = new Seats()
      const judge = start(seats, scenario)
      return {
        event(event) {
          seats.note(event)
          return judge.event(event)
        },
        end: atMs => judge.end?.(atMs) ?? null,
      }
    },
  }
}
