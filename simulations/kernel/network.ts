/**
 * The modelled network: one-way delay by latency class, jitter, uplinks of finite rate with a queue each, downlinks whose
 * rate all senders share, ordered connections, and what faults do to links. Loss is what a connection makes of it: the packet comes again, later.
 */
import type { LatencyClass, NetworkModel, PeerShape } from '../scenario/types.ts'
import { Downlink } from './downlink.ts'
import { RandomStream } from './random.ts'
import type { Time } from './timeline.ts'

/** From a peer to the middle of the network, in milliseconds; a link's delay is the sum of its two ends'. */
export const ONE_WAY_MS: Readonly<Record<LatencyClass, number>> = { lan: 0.25, home: 10, wan: 40, satellite: 280 }

/** Payload of a packet, for how many of a message can be lost. */
const PACKET_BYTES = 1_400
/** Losses of one message that are told apart; recovery runs side by side. */
const MAX_RETRANSMISSIONS = 6
const BITS_PER_BYTE_MS = 8 / 1_000

/** What a fault does to the messages that it matches. Absent: nothing. */
export interface LinkRule {
  readonly from: ReadonlySet<number> | null
  readonly to: ReadonlySet<number> | null
  /** Does not match messages within one of the sides: a partition. */
  readonly across?: ReadonlySet<number>
  readonly isCut?: () => boolean
  readonly loss?: number
  readonly delayMs?: number
  readonly jitterMs?: number
  /** Factor of the links' rates, until then: what is queued goes faster afterwards. */
  readonly rate?: number
  readonly rateUntilMs?: number
  readonly duplicate?: number
  /** Share of messages that overtake others by up to `reorderMs`. */
  readonly reorder?: number
  readonly reorderMs?: number
  readonly random: RandomStream
}

/**
 * control: small messages, in order on one connection; bulk: tensors and partitions, which queue for the links' rates but
 * not behind each other's connection.
 */
export type Traffic = 'control' | 'bulk'

export interface NetworkCounters {
  messages: number
  bytes: number
  dropped: number
}

export class Network {
  readonly counters: NetworkCounters = { messages: 0, bytes: 0, dropped: 0 }
  readonly #time: Time
  readonly #shapes: readonly PeerShape[]
  readonly #model: NetworkModel
  readonly #streams: RandomStream[]
  readonly #upFreeMs: Float64Array
  readonly #downlinks: readonly Downlink[]
  /** When the last control message of a pair arrives, by sender: connections keep order. */
  readonly #lastMs: readonly LastArrivals[]
  readonly #rules = new Set<LinkRule>()

  constructor(time: Time, shapes: readonly PeerShape[], model: NetworkModel, seed: number) {
    this.#time = time
    this.#shapes = shapes
    this.#model = model
    this.#streams = shapes.map((_, peer) => new RandomStream(seed, `network/${peer}`))
    this.#upFreeMs = new Float64Array(shapes.length)
    this.#downlinks = shapes.map(() => new Downlink())
    this.#lastMs = shapes.map(() => new LastArrivals())
  }

  add(rule: LinkRule): void {
    this.#rules.add(rule)
  }

  remove(rule: LinkRule): void {
    this.#rules.delete(rule)
  }

  /** Calls `deliver` when the message has arrived; not at all where the link is cut. Returns the time of arrival or null. */
  send(from: number, to: number, bytes: number, traffic: Traffic, deliver: () => void): number | null {
    const { counters } = this
    counters.messages++
    counters.bytes += bytes
    const rules = this.#rules.size === 0 ? NONE : this.#matching(from, to)
    if (rules.length > 0 && rules.some(rule => rule.isCut?.() === true)) {
      counters.dropped++
      return null
    }
    const arrivalMs = this.#arrivalMs(from, to, bytes, traffic, rules)
    this.#time.at(arrivalMs, deliver)
    for (const rule of rules) {
      if (rule.duplicate !== undefined && rule.random.chance(rule.duplicate))
        this.#time.at(arrivalMs + rule.random.between(0, 500), deliver)
    }
    return arrivalMs
  }

  /** Can a message of now get through? */
  isCut(from: number, to: number): boolean {
    return this.#rules.size > 0 && this.#matching(from, to).some(rule => rule.isCut?.() === true)
  }

  #arrivalMs(from: number, to: number, bytes: number, traffic: Traffic, rules: readonly LinkRule[]): number {
    const random = this.#streams[from]!
    const up = this.#shapes[from]!
    const down = this.#shapes[to]!
    const { nowMs } = this.#time
    let rate = 1
    let delayMs = this.#latencyMs(up, down) + random.next() * 2 * this.#model.jitterMs
    let overtakes = false
    for (const rule of rules) {
      rate *= rule.rate ?? 1
      delayMs += rule.delayMs ?? 0
      if (rule.jitterMs !== undefined) delayMs += rule.random.next() * rule.jitterMs
      if (rule.loss !== undefined) delayMs += this.#recoveryMs(rule.random, rule.loss, bytes)
      if (rule.reorder !== undefined && rule.random.chance(rule.reorder)) {
        overtakes = true
        delayMs += rule.random.next() * (rule.reorderMs ?? 0)
      }
    }
    if (this.#model.loss > 0) delayMs += this.#recoveryMs(random, this.#model.loss, bytes)
    if (traffic === 'bulk') {
      const sentMs = transmittedMs(Math.max(nowMs, this.#upFreeMs[from]!), bytes, up.upMbps, rules)
      this.#upFreeMs[from] = sentMs
      return this.#downlinks[to]!.take(nowMs, sentMs + delayMs, fromMs =>
        transmittedMs(fromMs, bytes, down.downMbps, rules),
      )
    }
    const upMs = (bytes * BITS_PER_BYTE_MS) / (up.upMbps * rate)
    const downMs = (bytes * BITS_PER_BYTE_MS) / (down.downMbps * rate)
    const arrivalMs = nowMs + upMs + downMs + delayMs
    return overtakes ? arrivalMs : this.#lastMs[from]!.next(to, arrivalMs, nowMs)
  }

  #latencyMs(up: PeerShape, down: PeerShape): number {
    return this.#model.delayMs ?? ONE_WAY_MS[up.latency] + ONE_WAY_MS[down.latency]
  }

  /** Any lost packet holds the message up until it came again. */
  #recoveryMs(random: RandomStream, loss: number, bytes: number): number {
    const packets = Math.min(64, Math.ceil(bytes / PACKET_BYTES))
    let any = loss
    if (packets > 1) {
      let kept = 1
      for (let packet = 0; packet < packets; packet++) kept *= 1 - loss
      any = 1 - kept
    }
    let times = 0
    while (times < MAX_RETRANSMISSIONS && random.chance(times === 0 ? any : loss)) times++
    return times * this.#model.retransmitMs
  }

  #matching(from: number, to: number): readonly LinkRule[] {
    const matching: LinkRule[] = []
    for (const rule of this.#rules) {
      if (rule.from !== null && !rule.from.has(from)) continue
      if (rule.to !== null && !rule.to.has(to)) continue
      if (rule.across !== undefined && rule.across.has(from) === rule.across.has(to)) continue
      matching.push(rule)
    }
    return matching
  }
}

const NONE: readonly LinkRule[] = []

/** Receivers of one sender below which nobody looks for those that are forgotten. */
const FEW_RECEIVERS = 64

/** Of one sender: when its last message to each receiver arrives. */
class LastArrivals {
  readonly #atMs = new Map<number, number>()
  #sweptSize = FEW_RECEIVERS

  /** When one arrives that would arrive then, were there none before it. */
  next(to: number, arrivalMs: number, nowMs: number): number {
    const atMs = Math.max(arrivalMs, this.#atMs.get(to) ?? 0)
    this.#atMs.set(to, atMs)
    if (this.#atMs.size > this.#sweptSize) this.#sweep(nowMs)
    return atMs
  }

  /** What has arrived holds nothing up; in a big swarm a peer asks ever others. */
  #sweep(nowMs: number): void {
    for (const [to, atMs] of this.#atMs) if (atMs <= nowMs) this.#atMs.delete(to)
    this.#sweptSize = Math.max(FEW_RECEIVERS, 2 * this.#atMs.size)
  }
}

/** When the last of some bytes has passed a link, if the first begins then; its rate rises as rules end. */
function transmittedMs(fromMs: number, bytes: number, mbps: number, rules: readonly LinkRule[]): number {
  let atMs = fromMs
  let leftMs = (bytes * BITS_PER_BYTE_MS) / mbps
  for (;;) {
    let rate = 1
    let untilMs = Number.POSITIVE_INFINITY
    for (const rule of rules) {
      const endMs = rule.rateUntilMs ?? Number.POSITIVE_INFINITY
      if (rule.rate === undefined || endMs <= atMs) continue
      rate *= rule.rate
      untilMs = Math.min(untilMs, endMs)
    }
    if (atMs + leftMs / rate <= untilMs) return atMs + leftMs / rate
    leftMs -= (untilMs - atMs) * rate
    atMs = untilMs
  }
}
