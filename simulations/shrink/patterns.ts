/**
 * What a run looked like, for a search: who did what in which order in a round, told without names, values and times, so that
 * two runs compare. A pattern is the way of one peer through a round so far, or how many peers did one thing.
 */
import type { SimEvent } from '../trace/types.ts'

/** Other signatures are many, and say little about why a round went wrong. */
const VOTES: ReadonlySet<string> = new Set(['propose', 'prevote', 'precommit'])
/** Later views repeat what the first ones show. */
const MAX_VIEW = 4
/** Rounds that are remembered, steps of a peer's way and peers that are counted: a run may be long and its swarm big. */
const MAX_ROUNDS = 16
const MAX_STEPS = 32
const MAX_COUNT = 8

interface RoundPatterns {
  /** When it was heard of first. */
  readonly fromMs: number
  readonly ways: Map<number, string[]>
  readonly counts: Map<string, number>
  /** Values by their first appearance. */
  readonly values: Map<string, number>
  readonly patterns: Set<string>
}

export class Patterns {
  /** When something happened that a fault could have changed. */
  readonly timesMs: number[] = []
  readonly #rounds = new Map<string, RoundPatterns>()
  readonly #roundOf = new Map<number, string>()
  #newest: RoundPatterns | null = null

  note(event: SimEvent): void {
    const step = stepOf(event)
    if (step === null) return
    this.timesMs.push(event.atMs)
    if (!step.isTold) return
    const name = step.round ?? this.#roundOf.get(step.peer)
    if (name === undefined) return
    this.#roundOf.set(step.peer, name)
    const round = this.#round(name, event.atMs)
    const told = `${step.what} ${valueName(round, step.value)}`
    const count = (round.counts.get(told) ?? 0) + 1
    round.counts.set(told, count)
    if (count <= MAX_COUNT) round.patterns.add(`${told} x${count}`)
    const way = round.ways.get(step.peer) ?? []
    round.ways.set(step.peer, way)
    if (way.push(told) <= MAX_STEPS) round.patterns.add(way.join(', '))
    this.#newest = round
  }

  /** Of the round in which something happened last. */
  get newest(): Pick<RoundPatterns, 'fromMs' | 'patterns'> {
    return this.#newest ?? { fromMs: 0, patterns: new Set() }
  }

  get all(): ReadonlySet<string> {
    return new Set([...this.#rounds.values()].flatMap(({ patterns }) => [...patterns]))
  }

  #round(name: string, fromMs: number): RoundPatterns {
    const known = this.#rounds.get(name)
    if (known !== undefined) return known
    const round = { fromMs, ways: new Map(), counts: new Map(), values: new Map(), patterns: new Set<string>() }
    this.#rounds.set(name, round)
    const [oldest] = this.#rounds.keys()
    if (this.#rounds.size > MAX_ROUNDS && oldest !== undefined) this.#rounds.delete(oldest)
    return round
  }
}

interface Step {
  readonly peer: number
  /** Null: the one that the peer was in. */
  readonly round: string | null
  readonly what: string
  /** Absent: it is about none. */
  readonly value?: string | null
  readonly isTold: boolean
}

function stepOf(event: SimEvent): Step | null {
  switch (event.type) {
    case 'signed': {
      const { peer, stage, round, kind, view = 0, value } = event
      const isTold = VOTES.has(kind) && view <= MAX_VIEW
      return {
        peer,
        round: `${stage}/${round}`,
        what: `${kind} ${view}`,
        isTold,
        ...(value !== undefined && { value }),
      }
    }
    case 'decided':
    case 'certified': {
      const { peer, stage, round, type, view, value } = event
      return { peer, round: `${stage}/${round}`, what: `${type} ${view}`, isTold: view <= MAX_VIEW, value }
    }
    case 'view':
    case 'round.opened': {
      const { peer, stage, round, type, view = 0 } = event
      return { peer, round: `${stage}/${round}`, what: `${type} ${view}`, isTold: view <= MAX_VIEW }
    }
    case 'up':
    case 'down':
    case 'suspended':
    case 'resumed':
    case 'evidence':
      return { peer: event.peer, round: null, what: event.type, isTold: true }
    default:
      return null
  }
}

function valueName({ values }: RoundPatterns, value: string | null | undefined): string {
  if (value === undefined) return ''
  if (value === null) return 'nil'
  const known = values.get(value) ?? values.size
  values.set(value, known)
  return `value ${known}`
}
