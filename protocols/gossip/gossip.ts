/** Publishes and receives on the topics of all stages of a run (README.md is the specification). */
import { type TopicValidatorFn, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { RefusalCounters } from '../wire/counters.ts'
import type { PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { CHECKS_MAX, REJECTED_MAX } from './constants.ts'
import { decodeFrame, encodeFrame, topicOf } from './frame.ts'
import { RateLimiter } from './rate-limiter.ts'
import { RejectionCounter } from './rejection-counter.ts'
import type { Accepted, GossipComponents, GossipContext, GossipInit, GossipKind, Validator, Verdict } from './types.ts'
import { validateAnnounced } from './validate-announced.ts'
import { validateCertificate } from './validate-certificate.ts'
import { validateClose } from './validate-close.ts'
import { validateRecord } from './validate-record.ts'
import { validateSettled } from './validate-settled.ts'
import { verdictOf } from './verdicts.ts'

const VALIDATORS: Readonly<Record<GossipKind, Validator>> = {
  certificate: validateCertificate,
  settled: validateSettled,
  close: validateClose,
  record: validateRecord,
  announced: validateAnnounced,
}

const RESULTS: Readonly<Record<Verdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

export class Gossip {
  /** Refusals by reason and by forwarding peer. */
  readonly refusals = new RefusalCounters()
  readonly #components: GossipComponents
  readonly #init: GossipInit
  readonly #rate: RateLimiter
  readonly #rejected = new RejectionCounter()
  readonly #topics: readonly string[]
  #checks = 0
  #stopped = false

  constructor(components: GossipComponents, init: GossipInit) {
    this.#components = components
    this.#init = init
    this.#rate = new RateLimiter(components.clock)
    this.#topics = Array.from({ length: init.stages }, (_, stage) => topicOf(init.run, stage))
  }

  /** Subscribes to all stages: a stage's certificates matter to its neighbours, and anyone may be asked to sync. */
  start(): void {
    const { pubsub } = this.#components
    for (const [stage, topic] of this.#topics.entries()) {
      pubsub.topicValidators.set(topic, this.#topicValidator(stage))
      pubsub.subscribe(topic)
    }
  }

  stop(): void {
    this.#stopped = true
    for (const topic of this.#topics) {
      this.#components.pubsub.unsubscribe(topic)
      this.#components.pubsub.topicValidators.delete(topic)
    }
  }

  /**
   * Sends a message to the peers of a stage's topic. Returns to how many it went at first, or why it was not sent. 0: nobody
   * listens yet, so publish again later; or the same bytes were seen within two minutes, which needs nothing more.
   */
  async publish(stage: number, kind: GossipKind, body: Uint8Array): Promise<number | Refusal> {
    const topic = this.#topics[stage]
    if (topic === undefined) return refuse('wrong-stage', `${stage}`)
    const frame = encodeFrame(kind, body)
    if (isRefusal(frame)) return frame
    if (this.listeners(stage).length === 0) return 0
    try {
      const { recipients } = await this.#components.pubsub.publish(topic, frame)
      return recipients.length
    } catch (error) {
      // gossipsub throws when it is stopped or all outbound buffers are full: there is no back-pressure to wait for.
      return refuse('overloaded', error instanceof Error ? error.message : String(error))
    }
  }

  /** Peers that are known to listen to a stage's topic. */
  listeners(stage: number): readonly PeerName[] {
    const topic = this.#topics[stage]
    return topic === undefined ? [] : this.#components.pubsub.getSubscribers(topic).map(peer => peer.toString())
  }

  /** The verdict about a message, and its delivery where that is 'accept'. */
  async receive(data: Uint8Array, context: GossipContext): Promise<Verdict> {
    const frame = decodeFrame(data)
    if (isRefusal(frame)) return this.#refused(frame, context, null)
    const result = await this.#check(frame.kind, frame.body, data.byteLength, context)
    if (isRefusal(result)) return this.#refused(result, context, frame.kind)
    if (!this.#stopped) result.deliver()
    return 'accept'
  }

  async #check(kind: GossipKind, body: Uint8Array, bytes: number, context: GossipContext): Promise<Accepted | Refusal> {
    if (!this.#rate.take(context.from, bytes)) return refuse('overloaded', 'rate of one peer')
    if (this.#checks >= CHECKS_MAX) return refuse('overloaded', 'checks')
    this.#checks++
    try {
      return await VALIDATORS[kind](body, context, this.#init)
    } finally {
      this.#checks--
    }
  }

  #topicValidator(stage: number): TopicValidatorFn {
    return async (peer, message) => RESULTS[await this.receive(message.data, { stage, from: peer.toString() })]
  }

  #refused({ refused }: Refusal, { from }: GossipContext, kind: GossipKind | null): Verdict {
    const verdict = verdictOf(refused)
    this.refusals.count(refused, from)
    this.#init.onRefused?.(refused, from, kind)
    if (verdict === 'reject' && this.#rejected.count(from) === REJECTED_MAX) {
      this.#init.onMisbehaving?.(from, REJECTED_MAX)
      this.#rejected.forget(from)
    }
    return verdict
  }
}
