/**
 * The chain as a peer asks it: no round waits for a chain that is away. The newest finalised head is the one heard of last;
 * what can only be asked waits until the chain answers again. That it is away, and that it is back, is told once.
 */
import { ChainUnavailable } from '../../consensus/chain/errors.ts'
import type { Anchor, BlockReference, BondRequest, CallOptions, Chain } from '../../consensus/chain/types.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import type { ContentId } from '../../protocols/wire/messages.ts'
import { delay } from './delay.ts'
import { RoundBell } from './round-bell.ts'

/** Without a new head for this long the chain is asked: it may just have nothing to say. */
const QUIET_MS = 15_000
/** Without an answer for this long it is away. A busy embedded chain takes up to 2 s. */
const ANSWER_MS = 10_000
/** Between two questions to a chain that is away. */
const AGAIN_MS = 2_000
/** How often in a row one question may go without an answer for {@link ANSWER_MS} or more, while others are answered. */
const UNANSWERED = 5

export interface ChainWatchInit {
  readonly chain: Chain
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onAway: (reason: string) => void
  readonly onBack: (height: number) => void
}

export class ChainWatch implements Chain {
  readonly #init: ChainWatchInit
  readonly #news = new RoundBell()
  readonly #unsubscribe: () => void
  readonly #closed = new AbortController()
  #head: BlockReference | null = null
  #heardMs: number
  #isAway = false
  #backMs: number
  /** The question whether the chain answers, while one is under way. */
  #probe: Promise<boolean> | null = null

  constructor(init: ChainWatchInit) {
    this.#init = init
    this.#heardMs = this.#backMs = init.clock.nowMs()
    this.#unsubscribe = init.chain.onFinalized(head => this.#hear(head))
    void this.#watch()
  }

  get genesis(): Chain['genesis'] {
    return this.#init.chain.genesis
  }

  get isAway(): boolean {
    return this.#isAway
  }

  /** When it last came back, by the clock; when this began before. */
  get backMs(): number {
    return this.#backMs
  }

  /** Resolves when the chain is there; rejects when the signal fires. */
  async there(signal: AbortSignal): Promise<void> {
    while (this.#isAway) await this.#news.wait(signal)
  }

  /** A call to the chain failed: is it away, or was it the call? Resolves once that is known. */
  async suspect(): Promise<void> {
    await this.#isThere()
  }

  /** The newest that was heard of; asked for only before the first. */
  async finalizedHead(options?: CallOptions): Promise<BlockReference> {
    if (this.#head === null) this.#hear(await this.#patiently(() => this.#init.chain.finalizedHead(options), options))
    return this.#head!
  }

  onFinalized(callback: (head: BlockReference) => void): () => void {
    return this.#init.chain.onFinalized(callback)
  }

  blockHash(height: number, options?: CallOptions): ReturnType<Chain['blockHash']> {
    return this.#patiently(() => this.#init.chain.blockHash(height, options), options)
  }

  bonds(run: ContentId, height: number, options?: CallOptions): ReturnType<Chain['bonds']> {
    return this.#patiently(() => this.#init.chain.bonds(run, height, options), options)
  }

  anchors(
    run: ContentId,
    range: { afterHeight: number; toHeight: number },
    options?: CallOptions,
  ): ReturnType<Chain['anchors']> {
    return this.#patiently(() => this.#init.chain.anchors(run, range, options), options)
  }

  records(
    run: ContentId,
    range: { afterHeight: number; toHeight: number },
    options?: CallOptions,
  ): ReturnType<Chain['records']> {
    return this.#patiently(() => this.#init.chain.records(run, range, options), options)
  }

  /** As the chain does it: who posts decides whether to try again. */
  postRecord(run: ContentId, record: Uint8Array, options?: CallOptions): Promise<BlockReference> {
    return this.#init.chain.postRecord(run, record, options)
  }

  bond(request: BondRequest, options?: CallOptions): Promise<BlockReference> {
    return this.#init.chain.bond(request, options)
  }

  /** As the chain does it: who posts decides whether to try again. */
  anchor(run: ContentId, anchor: Anchor, options?: CallOptions): Promise<BlockReference> {
    return this.#init.chain.anchor(run, anchor, options)
  }

  /** Ends the watching; the chain is closed by its owner. */
  async close(): Promise<void> {
    this.#unsubscribe()
    this.#closed.abort()
  }

  /**
   * Asks again when the chain is back; a chain that answers but does not know is none that is away. An answer that did not
   * come in time says little of a chain that answers otherwise: it is busy, or this machine slept.
   */
  async #patiently<T>(ask: () => Promise<T>, options: CallOptions | undefined): Promise<T> {
    const { clock } = this.#init
    const signal = options?.signal ?? this.#init.signal
    for (let unanswered = 0; ; ) {
      const { backMs } = this
      const askedMs = clock.nowMs()
      try {
        return await ask()
      } catch (error) {
        if (!(error instanceof ChainUnavailable) || signal.aborted) throw error
        const wasLate = clock.nowMs() - askedMs >= ANSWER_MS
        const isThere = await this.#isThere()
        // Asked before it went away, and given up after it came back: that says nothing.
        const isAnswer = isThere && this.backMs === backMs && !wasLate
        if (isAnswer || (isThere && ++unanswered > UNANSWERED)) throw error
        await this.there(signal)
      }
    }
  }

  #hear(head: BlockReference): void {
    const { clock, onBack } = this.#init
    if (this.#head === null || head.height > this.#head.height) this.#head = head
    this.#heardMs = clock.nowMs()
    if (!this.#isAway) return
    this.#isAway = false
    this.#backMs = this.#heardMs
    onBack(head.height)
    this.#news.ring()
  }

  async #watch(): Promise<void> {
    const { clock } = this.#init
    const signal = AbortSignal.any([this.#init.signal, this.#closed.signal])
    while (!signal.aborted) {
      const quietMs = clock.nowMs() - this.#heardMs
      const waitMs = this.#isAway ? AGAIN_MS : Math.max(AGAIN_MS, QUIET_MS - quietMs)
      await delay(clock, waitMs, signal).catch(() => undefined)
      if (!signal.aborted && (this.#isAway || clock.nowMs() - this.#heardMs >= QUIET_MS)) await this.#isThere()
    }
  }

  #isThere(): Promise<boolean> {
    this.#probe ??= this.#ask().finally(() => {
      this.#probe = null
    })
    return this.#probe
  }

  async #ask(): Promise<boolean> {
    const { chain, clock, signal, onAway } = this.#init
    const patience = new AbortController()
    const cancel = clock.after(ANSWER_MS, () =>
      patience.abort(new ChainUnavailable(`no answer within ${ANSWER_MS} ms`)),
    )
    try {
      this.#hear(await chain.finalizedHead({ signal: AbortSignal.any([signal, patience.signal]) }))
      return true
    } catch (error) {
      if (signal.aborted) return false
      if (!this.#isAway) {
        this.#isAway = true
        onAway(error instanceof Error ? error.message : String(error))
      }
      return false
    } finally {
      cancel()
    }
  }
}
