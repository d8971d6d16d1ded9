/** What the page of a run shows, gathered while the run goes on. Bounded, however long the run is. */
import type { ConcreteScenario } from '../scenario/types.ts'
import type { SimEvent } from '../trace/types.ts'
import { LastEvents } from './window.ts'

export interface RoundSpan {
  readonly stage: number
  readonly round: number
  readonly openedMs: number
  view: number
  decidedMs: number | null
  certifiedMs: number | null
  skip: boolean
  /** Peers that certified it. */
  certifiedBy: number
}

export interface FaultSpan {
  readonly fault: number
  readonly kind: string
  readonly peers: readonly number[]
  readonly fromMs: number
  toMs: number | null
}

export interface ViewChange {
  readonly atMs: number
  readonly stage: number
  readonly round: number
  readonly view: number
}

export type MessageEvent = Extract<SimEvent, { type: 'message' }>
export interface LossPoint {
  readonly round: number
  train: number | null
  heldOut: number | null
}

const MAX_ROUNDS = 50_000
const MAX_VIEWS = 5000
const MAX_MESSAGES = 4000
const MAX_BUCKETS = 400
const FIRST_BUCKET_MS = 50

export class ReportModel {
  readonly scenario: ConcreteScenario
  readonly rounds = new Map<string, RoundSpan>()
  readonly faults: FaultSpan[] = []
  readonly views: ViewChange[] = []
  readonly liars = new Set<number>()
  readonly stages = new Map<number, number>()
  readonly losses = new Map<number, LossPoint>()
  readonly bytesByKind = new Map<string, { messages: number; bytes: number; lost: number }>()
  readonly last = new LastEvents()
  /** Bytes sent in each stretch of `bucketMs`. */
  buckets: number[] = []
  bucketMs = FIRST_BUCKET_MS
  endMs = 0
  readonly #messages: MessageEvent[] = []
  #nextMessage = 0
  readonly #seenViews = new Set<string>()

  constructor(scenario: ConcreteScenario) {
    this.scenario = scenario
  }

  add(event: SimEvent): void {
    this.endMs = Math.max(this.endMs, event.atMs)
    this.last.add(event)
    switch (event.type) {
      case 'seat':
        this.stages.set(event.peer, event.stage)
        if (!event.honest) this.liars.add(event.peer)
        return
      case 'round.opened':
        this.#round(event)
        return
      case 'view':
        this.#view(event.stage, event.round, event.view ?? 0, event.atMs)
        return
      case 'decided': {
        const span = this.#round(event)
        span.view = Math.max(span.view, event.view)
        span.decidedMs ??= event.atMs
        span.skip = event.skip
        return
      }
      case 'certified': {
        const span = this.#round(event)
        span.certifiedMs ??= event.atMs
        span.certifiedBy++
        span.skip = event.skip
        return
      }
      case 'fault':
        this.faults.push({ fault: event.fault, kind: event.kind, peers: event.peers, fromMs: event.atMs, toMs: null })
        return
      case 'healed': {
        const span = this.faults.findLast(({ fault, toMs }) => fault === event.fault && toMs === null)
        if (span !== undefined) span.toMs = event.atMs
        return
      }
      case 'loss':
        this.#loss(event)
        return
      case 'message':
        this.#message(event)
        return
      default:
        return
    }
  }

  /** The last messages, in the order in which they were sent. */
  messages(): MessageEvent[] {
    return this.#messages.length < MAX_MESSAGES
      ? this.#messages
      : [...this.#messages.slice(this.#nextMessage), ...this.#messages.slice(0, this.#nextMessage)]
  }

  #round({ stage, round, atMs }: { stage: number; round: number; atMs: number }): RoundSpan {
    const key = `${stage}/${round}`
    let span = this.rounds.get(key)
    if (span === undefined) {
      span = { stage, round, openedMs: atMs, view: 0, decidedMs: null, certifiedMs: null, skip: false, certifiedBy: 0 }
      if (this.rounds.size < MAX_ROUNDS) this.rounds.set(key, span)
    }
    return span
  }

  #view(stage: number, round: number, view: number, atMs: number): void {
    const key = `${stage}/${round}/${view}`
    if (view === 0 || this.#seenViews.has(key) || this.views.length >= MAX_VIEWS) return
    this.#seenViews.add(key)
    this.views.push({ atMs, stage, round, view })
  }

  #loss({ round, train, heldOut }: Extract<SimEvent, { type: 'loss' }>): void {
    const point = this.losses.get(round) ?? { round, train: null, heldOut: null }
    point.train = train ?? point.train
    point.heldOut = heldOut ?? point.heldOut
    this.losses.set(round, point)
  }

  #message(event: MessageEvent): void {
    const sum = this.bytesByKind.get(event.kind) ?? { messages: 0, bytes: 0, lost: 0 }
    sum.messages++
    sum.bytes += event.bytes
    if (event.deliveredAtMs === null) sum.lost++
    this.bytesByKind.set(event.kind, sum)
    if (this.#messages.length < MAX_MESSAGES) this.#messages.push(event)
    else this.#messages[this.#nextMessage] = event
    this.#nextMessage = (this.#nextMessage + 1) % MAX_MESSAGES
    while (event.atMs / this.bucketMs >= MAX_BUCKETS) this.#widen()
    const bucket = Math.floor(event.atMs / this.bucketMs)
    while (this.buckets.length <= bucket) this.buckets.push(0)
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + event.bytes
  }

  #widen(): void {
    const { buckets } = this
    this.buckets = Array.from(
      { length: Math.ceil(buckets.length / 2) },
      (_, i) => (buckets[2 * i] ?? 0) + (buckets[2 * i + 1] ?? 0),
    )
    this.bucketMs *= 2
  }
}
