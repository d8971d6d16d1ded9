/**
 * Measures the held-out loss of a certified state by sending batches through the stages (README.md). Nothing of it is
 * signed, hashed or rewarded: it tells people how the training goes.
 */
import type { HandlerContext, Reply } from '../wire/frames/types.ts'
import type { PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, type RefusalReason, refuse } from '../wire/refusals.ts'
import { EVALUATION_TIMEOUT_MS, MAX_COUNTED_PEERS, MAX_OPEN, MAX_PER_PEER_AND_ROUND } from './constants.ts'
import { parseAnswer, parseHeader } from './headers.ts'
import type { EvaluationHeader, EvaluationInit, EvaluationStreams, OpenStreams } from './types.ts'

export class Evaluation {
  readonly #init: EvaluationInit
  readonly #streams: EvaluationStreams
  /** Requests of a peer in the newest round it asked about. */
  readonly #asked = new Map<PeerName, { round: number; requests: number }>()
  #open = 0

  constructor(init: EvaluationInit, components: { readonly openStreams: OpenStreams<EvaluationStreams> }) {
    this.#init = init
    this.#streams = components.openStreams(
      {
        onRequest: (header, body, context) => this.#handle(header, body, context),
        admitBody: from => init.policy.admit(from),
      },
      (reason, from, detail) => this.#refused(reason, from, detail),
    )
  }

  start(): Promise<void> {
    return this.#streams.start()
  }

  stop(): Promise<void> {
    return this.#streams.stop()
  }

  /** Mean loss of one batch in micro-nats a token, from the stages after this one. */
  async ask(
    to: PeerName,
    batch: Pick<EvaluationHeader, 'round' | 'index' | 'count'>,
    activation: Uint8Array,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<number | Refusal> {
    const { run, stage } = this.#init
    const header: EvaluationHeader = { type: 'evaluate', run, stage: stage + 1, ...batch }
    const limits = { timeoutMs: EVALUATION_TIMEOUT_MS, maxAnswerBytes: 0 }
    const reply = await this.#streams.request(to, header, activation, { ...options, ...limits })
    if (isRefusal(reply)) return reply
    const loss = parseAnswer(reply.header)
    if (isRefusal(loss)) this.#refused(loss.refused, to, loss.detail)
    return loss
  }

  async #handle(value: unknown, body: Uint8Array, { from, signal }: HandlerContext): Promise<Reply | Refusal> {
    const { policy, handlers, run, stage } = this.#init
    const barred = policy.admit(from)
    if (barred !== null) return barred
    const header = parseHeader(value)
    if (isRefusal(header)) return header
    if (header.run !== run) return refuse('wrong-run')
    if (header.stage !== stage) return refuse('wrong-stage', `${header.stage}`)
    if (body.length !== policy.activationBytes)
      return refuse('wrong-shape', `${body.length} bytes where ${policy.activationBytes} are due`)
    if (this.#open >= MAX_OPEN || !this.#mayAsk(from, header.round)) return refuse('overloaded')
    this.#open++
    try {
      const loss = await handlers.evaluate(header, body, signal)
      return isRefusal(loss) ? loss : { header: { lossMicronats: loss } }
    } finally {
      this.#open--
    }
  }

  #mayAsk(from: PeerName, round: number): boolean {
    const known = this.#asked.get(from)
    const asked = known === undefined || known.round < round ? { round, requests: 0 } : known
    asked.requests++
    this.#asked.delete(from)
    this.#asked.set(from, asked)
    const oldest = this.#asked.keys().next().value
    if (this.#asked.size > MAX_COUNTED_PEERS && oldest !== undefined) this.#asked.delete(oldest)
    return asked.requests <= MAX_PER_PEER_AND_ROUND
  }

  #refused(reason: RefusalReason, from: PeerName, detail: string | undefined): void {
    this.#init.handlers.refused?.(reason, from, detail)
  }
}
