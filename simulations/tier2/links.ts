/**
 * How bytes get from one peer to another: delay, jitter, rate and loss by the peers' shapes, and what faults do to links.
 * The same rules as in the virtual tiers (kernel/network.ts), for chunks of real connections instead of messages.
 */
import { type LinkRule, ONE_WAY_MS } from '../kernel/network.ts'
import { RandomStream } from '../kernel/random.ts'
import type { NetworkModel, PeerShape } from '../scenario/types.ts'

/** The chain's place among the peers' indices. */
export const CHAIN = -1

/** Of TCP over Ethernet: how many packets of a chunk can be lost. */
const PACKET_BYTES = 1_448
const MAX_RETRANSMISSIONS = 6
const BITS_PER_BYTE_MS = 8 / 1_000

export class Links {
  readonly #shapes: readonly PeerShape[]
  readonly #model: NetworkModel
  readonly #random: RandomStream
  readonly #rules = new Set<LinkRule>()
  readonly #watchers = new Set<() => void>()
  /** When a peer's uplink and downlink are free, by index. */
  readonly #upFreeMs = new Map<number, number>()
  readonly #downFreeMs = new Map<number, number>()

  constructor(shapes: readonly PeerShape[], model: NetworkModel, seed: number) {
    this.#shapes = shapes
    this.#model = model
    this.#random = new RandomStream(seed, 'tier2/links')
  }

  add(rule: LinkRule): void {
    this.#rules.add(rule)
    this.changed()
  }

  remove(rule: LinkRule): void {
    this.#rules.delete(rule)
    this.changed()
  }

  /** Whoever waits for a link to heal looks again. */
  changed(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }

  /** Calls back on every change; returns how to end that. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  isCut(from: number, to: number): boolean {
    return this.#matching(from, to).some(rule => rule.isCut?.() === true)
  }

  /** When bytes that leave `from` now are at `to`; takes their share of both links. */
  arrivalMs(from: number, to: number, bytes: number, nowMs: number): number {
    const rules = this.#matching(from, to)
    const rate = rules.reduce((factor, rule) => factor * (rule.rate ?? 1), 1)
    const sentMs = take(this.#upFreeMs, from, nowMs, bytes, (this.#shapes[from]?.upMbps ?? Infinity) * rate)
    const receivedMs = take(this.#downFreeMs, to, sentMs, bytes, (this.#shapes[to]?.downMbps ?? Infinity) * rate)
    return receivedMs + this.#delayMs(from, to, rules) + this.#recoveryMs(rules, bytes)
  }

  #delayMs(from: number, to: number, rules: readonly LinkRule[]): number {
    const ends = this.#oneWayMs(from) + this.#oneWayMs(to)
    const jitterMs = this.#random.next() * 2 * this.#model.jitterMs
    const added = rules.reduce(
      (sum, rule) => sum + (rule.delayMs ?? 0) + this.#random.next() * (rule.jitterMs ?? 0),
      ends + jitterMs,
    )
    return added
  }

  #oneWayMs(index: number): number {
    const shape = this.#shapes[index]
    return shape === undefined ? 0 : ONE_WAY_MS[shape.latency]
  }

  /** A lost packet holds up all that follow it until it came again. */
  #recoveryMs(rules: readonly LinkRule[], bytes: number): number {
    const loss = 1 - rules.reduce((kept, rule) => kept * (1 - (rule.loss ?? 0)), 1 - this.#model.loss)
    if (loss === 0) return 0
    let chance = 1 - (1 - loss) ** Math.ceil(bytes / PACKET_BYTES)
    let times = 0
    while (times < MAX_RETRANSMISSIONS && this.#random.chance(chance)) {
      times++
      chance = loss
    }
    return times * this.#model.retransmitMs
  }

  #matching(from: number, to: number): readonly LinkRule[] {
    return [...this.#rules].filter(
      rule =>
        (rule.from === null || rule.from.has(from)) &&
        (rule.to === null || rule.to.has(to)) &&
        (rule.across === undefined || rule.across.has(from) !== rule.across.has(to)),
    )
  }
}

/** Sends after what was sent before; returns when the last byte is through. */
function take(free: Map<number, number>, index: number, nowMs: number, bytes: number, mbps: number): number {
  if (!Number.isFinite(mbps)) return nowMs
  const doneMs = Math.max(nowMs, free.get(index) ?? 0) + (bytes * BITS_PER_BYTE_MS) / mbps
  free.set(index, doneMs)
  return doneMs
}
