/**
 * Requests, answers and notes of both sides on one long-lived stream (README.md, "Messages"). Nothing that the other side
 * does makes a call reject: it resolves to a typed refusal. A frame that breaks the protocol resets the stream.
 */
import type { Stream } from '@libp2p/interface'
import * as constants from '../constants.ts'
import type { Hash, PeerName } from '../messages.ts'
import { isRefusal, type Refusal, refuse } from '../refusals.ts'
import type { Allowance } from './allowance.ts'
import { Assemblies } from './assembly.ts'
import { checkDigest } from './body-digest.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import { FrameError } from './errors.ts'
import { FairWriter } from './fair-writer.ts'
import { FrameStream } from './frame-stream.ts'
import { InboundMessages } from './inbound.ts'
import { ByteBudget, Limiter } from './limiter.ts'
import { decodeFrame, decodeHead, decodeRefusal, encodeHead, type MessageFrame } from './message.ts'
import type { Handlers, Message, NoteOptions, RefusalListener, RequestOptions, StreamEnvironment } from './types.ts'

export interface RequestStreamLimits {
  readonly openRequests: number
  readonly openNotes: number
  readonly waiting: number
  /** Bytes of bodies under way in one direction. */
  readonly openBodyBytes: number
  readonly bodyTimeoutMs: number
  readonly requestTimeoutMs: number
}

export const DEFAULT_REQUEST_LIMITS: RequestStreamLimits = {
  openRequests: constants.MAX_OPEN_REQUESTS,
  openNotes: constants.MAX_OPEN_NOTES,
  waiting: constants.MAX_WAITING,
  openBodyBytes: constants.MAX_OPEN_BODY_BYTES,
  bodyTimeoutMs: constants.BODY_TIMEOUT_MS,
  requestTimeoutMs: constants.REQUEST_TIMEOUT_MS,
}

export interface RequestStreamInit extends Pick<StreamEnvironment, 'clock' | 'digest'>, Handlers {
  /** Who is at the other end, as libp2p proved it. */
  readonly peer: PeerName
  readonly onRefusal: RefusalListener
  readonly limits?: Partial<RequestStreamLimits>
  /** Bytes of bodies that all streams of a protocol may hold. */
  readonly budget?: ByteBudget
  /** What a relay below may still carry; absent on a direct connection. */
  readonly allowance?: Allowance | null
}

interface Pending {
  readonly deadline: Deadline
  readonly maxAnswerBytes: number
  /** The head of the answer came; a second one breaks the protocol. */
  answered: boolean
  settle(result: Message | Refusal): void
}

export class RequestStream {
  readonly peer: PeerName
  /** Resolves when the stream is over, however it ended. */
  readonly closed: Promise<void>
  readonly #init: RequestStreamInit
  readonly #limits: RequestStreamLimits
  readonly #frames: FrameStream
  readonly #writer: FairWriter
  readonly #requestLimiter: Limiter
  readonly #noteLimiter: Limiter
  readonly #answers: Assemblies
  readonly #inbound: InboundMessages
  readonly #pending = new Map<number, Pending>()
  readonly #deadlines = new Set<Deadline>()
  #nextId = 1
  #hasAsked = false
  #over = false
  #lastUseMs: number

  constructor(stream: Stream, init: RequestStreamInit) {
    this.peer = init.peer
    this.#init = init
    this.#limits = { ...DEFAULT_REQUEST_LIMITS, ...init.limits }
    this.#frames = new FrameStream(stream, {
      // Answers are as long as bodies, late ones too.
      keepsLong: () => this.#hasAsked || (init.admitBody?.(init.peer) ?? null) === null,
    })
    this.#writer = new FairWriter(this.#frames)
    const { openRequests, openNotes, openBodyBytes, waiting, bodyTimeoutMs } = this.#limits
    this.#requestLimiter = new Limiter({ permits: openRequests, bytes: openBodyBytes, waiting })
    this.#noteLimiter = new Limiter({ permits: openNotes, bytes: openBodyBytes, waiting })
    const { clock, budget } = init
    const onTimeout = (): void => {
      init.onRefusal('timed-out', init.peer, 'an announced body did not arrive')
      this.abort(new FrameError('timed-out', 'an announced body did not arrive'))
    }
    const bodies = (): Assemblies =>
      new Assemblies({
        clock,
        budget: new ByteBudget(openBodyBytes, budget ?? null),
        timeoutMs: bodyTimeoutMs,
        onTimeout,
      })
    this.#answers = bodies()
    this.#inbound = new InboundMessages({ ...init, limits: this.#limits, bodies: bodies(), writer: this.#writer })
    this.#lastUseMs = clock.nowMs()
    this.closed = this.#readAll()
  }

  get isOpen(): boolean {
    return !this.#over
  }

  /** On the injected clock: when a frame last came or a call last began or ended. */
  get lastUseMs(): number {
    return this.#lastUseMs
  }

  /** Requests of either side that are under way. */
  get openRequests(): number {
    return this.#pending.size + this.#inbound.size
  }

  /**
   * Asks and waits for the answer. The body must not be changed until then. Resolves to a refusal where the peer refuses,
   * the stream ends, time runs out or the signal fires; throws only for a header or body beyond the limits.
   */
  async request(header: unknown, body?: Uint8Array, options: RequestOptions = {}): Promise<Message | Refusal> {
    const { maxAnswerBytes = constants.MAX_BODY_BYTES } = options
    this.#hasAsked = true
    return this.#call(this.#requestLimiter, header, body, options, async (head, deadline) => {
      const id = this.#takeId()
      const answer = new Promise<Message | Refusal>(settle => {
        this.#pending.set(id, { deadline, maxAnswerBytes, answered: false, settle })
        deadline.onStop(() => settle(deadline.reason()))
      })
      const sending = this.#writer.send({ type: 'request', id, head, body: body ?? null, bodyType: 'body' })
      const result = await answer
      this.#pending.delete(id)
      // The caller may reuse the body once nothing of it is left to send; a stopped request also tells the peer.
      if (deadline.isStopped) this.#cancel(id)
      else if (isRefusal(result)) this.#writer.drop(id, 'body')
      await sending
      return result
    })
  }

  /** Says something without an answer; null once it was handed to the stream. Notes without body arrive in order. */
  async notify(header: unknown, body?: Uint8Array, options: NoteOptions = {}): Promise<Refusal | null> {
    return this.#call(this.#noteLimiter, header, body, options, async (head, deadline) => {
      const id = this.#takeId()
      const sending = this.#writer.send({ type: 'note', id, head, body: body ?? null, bodyType: 'body' })
      deadline.onStop(() => this.#cancel(id))
      const error = await sending
      if (error === null) return null
      return deadline.isStopped ? deadline.reason() : refuse('unreachable', error.message)
    })
  }

  /** Ends the stream after the write under way; open requests end as `unreachable`. Resets it where that takes too long. */
  async close(): Promise<void> {
    this.#end(new FrameError('unreachable', 'the stream was closed'))
    const deadline = startDeadline(this.#init.clock, constants.STREAM_CLOSE_TIMEOUT_MS, undefined)
    try {
      await this.#frames.close({ signal: deadline.signal })
    } catch (error) {
      this.#frames.abort(error instanceof FrameError ? error : new FrameError('unreachable', String(error)))
    } finally {
      deadline.clear()
    }
  }

  /** Resets the stream at once. */
  abort(error: FrameError): void {
    this.#frames.abort(error)
    this.#end(error)
  }

  async #call<T>(
    limiter: Limiter,
    header: unknown,
    body: Uint8Array | undefined,
    options: NoteOptions,
    send: (head: Uint8Array, deadline: Deadline) => Promise<T>,
  ): Promise<T | Refusal> {
    const bytes = body?.byteLength ?? 0
    if (bytes > constants.MAX_BODY_BYTES)
      throw new RangeError(`a body of ${bytes} bytes, at most ${constants.MAX_BODY_BYTES} are allowed`)
    if (this.#over) return refuse('unreachable', 'the stream is closed')
    const { clock } = this.#init
    const deadline = startDeadline(clock, options.timeoutMs ?? this.#limits.requestTimeoutMs, options.signal)
    this.#deadlines.add(deadline)
    this.#lastUseMs = clock.nowMs()
    try {
      const head = await this.#headOf(header, body, options.digest, deadline)
      if (isRefusal(head)) return head
      const refusal = await (!deadline.isStopped && limiter.take(bytes)
        ? null
        : limiter.acquire(bytes, deadline.signal))
      if (refusal !== null) return refusal.refused === 'aborted' ? deadline.reason() : refusal
      const beyond = bytes === 0 ? null : (this.#init.allowance?.admit(bytes) ?? null)
      try {
        return beyond ?? (await send(head, deadline))
      } finally {
        limiter.release(bytes)
        if (beyond === null && bytes > 0) this.#init.allowance?.release(bytes)
      }
    } finally {
      this.#lastUseMs = clock.nowMs()
      this.#deadlines.delete(deadline)
      deadline.clear()
    }
  }

  async #headOf(
    header: unknown,
    body: Uint8Array | undefined,
    known: Hash | undefined,
    deadline: Deadline,
  ): Promise<Uint8Array | Refusal> {
    if (body === undefined || body.byteLength === 0) return encodeHead({ header, body: null })
    try {
      const digest = known ?? (await this.#init.digest(body, { signal: deadline.signal }))
      return encodeHead({ header, body: { bytes: body.byteLength, digest } })
    } catch (error) {
      if (deadline.isStopped) return deadline.reason()
      throw error
    }
  }

  #takeId(): number {
    const id = this.#nextId
    this.#nextId = (id + 1) >>> 0
    return id
  }

  #cancel(id: number): void {
    if (this.#writer.drop(id, 'body') === 'sent')
      void this.#writer.send({ type: 'cancel', id, head: NOTHING, body: null, bodyType: 'body' })
  }

  async #readAll(): Promise<void> {
    try {
      for (let frame = await this.#frames.read(); frame !== null; frame = await this.#frames.read()) {
        this.#lastUseMs = this.#init.clock.nowMs()
        const message = decodeFrame(frame)
        const broken = isRefusal(message) ? message : await this.#take(message)
        if (broken !== null) throw new FrameError(broken.refused, broken.detail ?? broken.refused)
      }
      await this.close()
    } catch (error) {
      const failure = error instanceof FrameError ? error : new FrameError('bad-encoding', String(error))
      // An end of the stream is nobody's fault; all else is.
      if (failure.reason !== 'unreachable' && !this.#over)
        this.#init.onRefusal(failure.reason, this.peer, failure.message)
      this.abort(failure)
    }
  }

  /** Takes a frame; a refusal means that the other side broke the protocol. */
  async #take(frame: MessageFrame): Promise<Refusal | null> {
    if (frame.type === 'answer') return this.#takeAnswer(frame)
    if (frame.type === 'answerBody') return this.#answers.add(`${frame.id}`, frame.payload)
    if (frame.type === 'refusal') return this.#takeRefusal(frame)
    return this.#inbound.take(frame)
  }

  #takeAnswer({ id, payload }: MessageFrame): Refusal | null {
    const pending = this.#pending.get(id)
    // Given up meanwhile: not worth decoding.
    if (pending === undefined) return null
    if (pending.answered) return refuse('bad-encoding', 'answered twice')
    pending.answered = true
    const head = decodeHead(payload)
    if (isRefusal(head)) return head
    const { header, body } = head
    if (body === null) {
      pending.settle({ header, body: NOTHING, digest: null })
      return null
    }
    if (body.bytes > pending.maxAnswerBytes) {
      pending.deadline.stop(refuse('too-large', `an answer of ${body.bytes} bytes`))
      return null
    }
    const key = `${id}`
    const begun = this.#answers.begin(
      key,
      body.bytes,
      bytes => void this.#finishAnswer(pending, header, bytes, body.digest),
    )
    if (!begun) pending.deadline.stop(refuse('overloaded', 'too many answers arrive at a time'))
    else pending.deadline.onStop(() => this.#answers.drop(key))
    return null
  }

  async #finishAnswer(pending: Pending, header: unknown, body: Uint8Array, expected: Hash): Promise<void> {
    const { digest, onRefusal } = this.#init
    const refusal = await checkDigest(digest, body, expected, pending.deadline.signal)
    if (refusal?.refused === 'wrong-hash') onRefusal('wrong-hash', this.peer, 'the body of an answer')
    this.#answers.release(body.byteLength)
    pending.settle(refusal ?? { header, body, digest: expected })
  }

  #takeRefusal({ id, payload }: MessageFrame): Refusal | null {
    const refusal = decodeRefusal(payload)
    if (refusal === null) return refuse('bad-encoding', 'a refusal of unknown reason')
    this.#answers.drop(`${id}`)
    this.#pending.get(id)?.settle(refusal)
    return null
  }

  #end(error: FrameError): void {
    if (this.#over) return
    this.#over = true
    this.#writer.fail(error)
    this.#inbound.end()
    for (const deadline of [...this.#deadlines]) deadline.stop(refuse('unreachable', error.message))
    this.#answers.dropAll()
  }
}

const NOTHING = new Uint8Array(0)
