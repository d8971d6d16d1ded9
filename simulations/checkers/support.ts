/** What most checkers share: which peers are honest, and how a violation is written. */
import type { SimEvent, Violation } from '../trace/types.ts'
import type { Checker, RunningChecker } from './types.ts'

/** Notes who is honest and where everybody sits. */
export class Seats {
  readonly #honest = new Set<number>()
  readonly #stages = new Map<number, number>()

  note(event: SimEvent): void {
    if (event.type !== 'seat') return
    this.#stages.set(event.peer, event.stage)
    if (event.honest) this.#honest.add(event.peer)
  }

  isHonest(peer: number): boolean {
    return this.#honest.has(peer)
  }

  stageOf(peer: number): number | null {
    return this.#stages.get(peer) ?? null
  }

  /** Seats of a stage. */
  size(stage: number): number {
    let size = 0
    for (const other of this.#stages.values()) if (other === stage) size++
    return size
  }

  honest(stage: number): number[] {
    return [...this.#honest].filter(peer => this.#stages.get(peer) === stage)
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
