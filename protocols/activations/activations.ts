/**
 * Forward and backward tensors between the stages (README.md). The service checks and carries; whether a tensor is taken,
 * and where one is sent, the work machine decides (`consensus/routing`).
 */
import type { PrivateKey } from '@libp2p/interface'
import { RefusalCounters, type RefusalCounts } from '../wire/counters.ts'
import type { Digest } from '../wire/environment.ts'
import type { PeerStreams, PeerStreamsInit } from '../wire/frames/peer-streams.ts'
import { tensorBytes } from '../wire/frames/tensor.ts'
import type { HandlerContext, Reply } from '../wire/frames/types.ts'
import type { MicroBatchId, PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import type { StatisticsReport } from '../wire/tensor-statistics.ts'
import * as constants from './constants.ts'
import { checkDelivery } from './door.ts'
import { type AbandonedNote, readAnswer, readNote, type StatisticsNote, type TensorFrame } from './frame-header.ts'
import { signDraft } from './sign.ts'
import type {
  ActivationsHandlers,
  ActivationsPolicy,
  ActivationsRun,
  Answer,
  Draft,
  Outgoing,
  RefusedListener,
  SendOptions,
  SendOutcome,
} from './types.ts'

/** The part of `PeerStreams` that is used. */
export type ActivationsStreams = Pick<PeerStreams, 'start' | 'stop' | 'request' | 'notify'>

export interface ActivationsComponents {
  /** Signs headers; the Ed25519 key of `self`. */
  readonly privateKey: PrivateKey
  readonly digest: Digest
  openStreams(init: PeerStreamsInit): ActivationsStreams
}

export interface ActivationsInit extends ActivationsRun {
  readonly policy: ActivationsPolicy
  readonly handlers: ActivationsHandlers
  readonly onRefused?: RefusedListener
  /** Default {@link constants.BYTES_IN_FLIGHT}. */
  readonly maxBytesInFlight?: number
}

export class Activations {
  readonly #components: ActivationsComponents
  readonly #init: ActivationsInit
  readonly #streams: ActivationsStreams
  readonly #refusals = new RefusalCounters()

  constructor(components: ActivationsComponents, init: ActivationsInit) {
    this.#components = components
    this.#init = init
    this.#streams = components.openStreams({
      protocol: constants.ACTIVATIONS_PROTOCOL,
      onRequest: (header, body, context) => this.#onTensor(header, body, context),
      onNote: async (header, _, context) => this.#onNote(header, context),
      admitBody: from => init.policy.admitPeer(from),
      areBodiesSpent: true,
      onRefusal: (reason, peer, detail) => {
        this.#refusals.count(reason, peer)
        init.onRefused?.(reason, peer, detail)
      },
      maxBodyBytes: init.maxBytesInFlight ?? constants.BYTES_IN_FLIGHT,
      limits: {
        openRequests: constants.FRAMES_IN_FLIGHT,
        openNotes: constants.FRAMES_IN_FLIGHT,
        waiting: constants.FRAMES_WAITING,
        // A body that no boundary tensor can have is refused before it is received.
        openBodyBytes: constants.FRAMES_IN_FLIGHT * tensorBytes(init.encoding, init.shape),
      },
    })
  }

  start(): Promise<void> {
    return this.#streams.start()
  }

  stop(): Promise<void> {
    return this.#streams.stop()
  }

  /** What was refused here, by reason. */
  refusals(): RefusalCounts {
    return this.#refusals.totals()
  }

  /** Signs a tensor's header. Once for each tensor: siblings get the same envelope. Rejects when the signal fires. */
  sign(draft: Draft, options: { readonly signal?: AbortSignal } = {}): Promise<Outgoing> {
    return signDraft(draft, this.#components, options)
  }

  /** Sends a tensor and resolves to the answer, or `failed` where none came; never rejects for what the peer does. */
  async send(to: PeerName, outgoing: Outgoing, options: SendOptions = {}): Promise<SendOutcome> {
    const { direction, chain, tensor } = outgoing
    const { lossMicronats = 0, settledBelow = 0, timeoutMs = constants.SEND_TIMEOUT_MS, signal } = options
    const { shape, encoding } = this.#init
    const frame: TensorFrame = {
      tensor: { kind: direction, dtype: encoding, shape, attachments: chain.envelopes },
      lossMicronats,
      settledBelow,
    }
    const reply = await this.#streams.request(to, frame, tensor, {
      timeoutMs,
      digest: chain.content,
      maxAnswerBytes: 0,
      ...(signal === undefined ? {} : { signal }),
    })
    if (isRefusal(reply)) return outcomeOf(reply)
    return readAnswer(reply.header) ?? { kind: 'failed' }
  }

  /** Tells who sent a forward that it was given up here. Best effort: its deadline does the same, later. */
  async abandon(to: PeerName, id: MicroBatchId, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const note: AbandonedNote = { kind: 'abandoned', id }
    await this.#streams.notify(to, note, undefined, options)
  }

  /** Tells a sibling what was received here in a round. Best effort: a report that is lost is one reference less. */
  async report(to: PeerName, report: StatisticsReport, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const note: StatisticsNote = { kind: 'statistics', ...report }
    await this.#streams.notify(to, note, undefined, options)
  }

  async #onTensor(header: unknown, body: Uint8Array, context: HandlerContext): Promise<Reply | Refusal> {
    const { from, digest } = context
    const { policy, handlers } = this.#init
    const delivery = await checkDelivery({ header, body, digest, from }, this.#init, policy)
    if (isRefusal(delivery)) return delivery
    // The sender has given it up: it is not waiting for this answer and may have turned to a sibling.
    if (context.isGivenUp) return refuse('aborted')
    const answer = handlers.accept(delivery)
    return answer.kind === 'refused' ? answer.refusal : { header: answer }
  }

  #onNote(header: unknown, { from }: HandlerContext): Refusal | null {
    const { handlers } = this.#init
    const note = readNote(header)
    if (isRefusal(note)) return note
    if (note.kind === 'statistics') {
      const { round, forward, backward } = note
      return handlers.reported(from, { round, forward, backward })
    }
    handlers.abandoned(from, note.id)
    return null
  }
}

/** Refusals that are made here, or say nothing about the tensor: as good as no answer, or "later". */
function outcomeOf(refusal: Refusal): Exclude<SendOutcome, Answer> | Answer {
  switch (refusal.refused) {
    case 'unreachable':
    case 'timed-out':
    case 'aborted':
      return { kind: 'failed' }
    case 'overloaded':
      return { kind: 'busy' }
    default:
      return { kind: 'refused', refusal }
  }
}
