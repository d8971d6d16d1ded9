/**
 * Posts the head of the stage's certificate chain now and then, and reports what was posted once it is final. Whose turn it
 * is follows from stake; the next in rank does it where the first has not within its time. Only the newest link is ever
 * posted: it says all that the older ones say, so after an outage of the chain there is one.
 */
import { ChainUnavailable } from '../../consensus/chain/errors.ts'
import type { BlockReference, PostedAnchor } from '../../consensus/chain/types.ts'
import { isPartOf } from '../../consensus/recovery/index.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import type { ContentId, PeerName } from '../../protocols/wire/messages.ts'
import { AnchorLinks, type Linked, type StageRecoveries } from './anchor-links.ts'
import { ANCHOR_PAGE_BLOCKS } from './anchor-pages.ts'
import type { ChainWatch } from './chain-watch.ts'
import { delay } from './delay.ts'
import type { PostedAnchors } from './epoch-facts.ts'
import { RoundBell } from './round-bell.ts'

/** For an anchor to be in a block and final: about three block times of a public chain. */
export const PATIENCE_MS = 20_000
/** Attempts of one peer for one link on a chain that answers; the next link says all that this one says. */
const ATTEMPTS = 3

export interface AnchorerInit {
  readonly chain: ChainWatch
  /** Where anchors are read. */
  readonly posted: PostedAnchors
  readonly clock: Clock
  readonly run: ContentId
  readonly stage: number
  /** Where to begin to look for anchors. */
  readonly fromHeight: number
  /** Had it a seat in the stage around this block? Anchors of others say nothing. */
  readonly isMember: (peer: PeerName, height: number) => boolean
  readonly reformed: StageRecoveries
  readonly signal: AbortSignal
  readonly onAnchored: (anchor: PostedAnchor) => void
  readonly onWarning: (message: string) => void
}

/** A link that is due on the chain. */
interface Due extends Linked {
  /** Places before this peer in the ranking. */
  readonly rank: number
  readonly sinceMs: number
}

export class Anchorer {
  readonly #init: AnchorerInit
  readonly #links: AnchorLinks
  readonly #unsubscribe: () => void
  readonly #bell = new RoundBell()
  #seenHeight: number
  #head: BlockReference | null = null
  #reading = false
  #due: Due | null = null
  #isPosting = false
  /** Ends the attempt under way. */
  #attempt: { readonly sinceMs: number; readonly stop: AbortController } | null = null

  constructor(init: AnchorerInit) {
    this.#init = init
    this.#links = new AnchorLinks(init.reformed)
    this.#seenHeight = init.fromHeight
    this.#unsubscribe = init.chain.onFinalized(head => {
      this.#head = head
      void this.#read()
    })
  }

  get finalRound(): number {
    return this.#links.finalRound
  }

  /** Newest final round that is not after `round`; null where none is known. */
  finalAtMost(round: number): number | null {
    return this.#links.finalAtMost(round)
  }

  stop(): void {
    this.#unsubscribe()
  }

  /** The own history has this link at this round. */
  note(linked: Linked): void {
    this.#links.note(linked)
    this.#bell.ring()
  }

  /** Resolves when an anchor of this round or a later one is final; rejects when the signal fires. */
  async final(round: number, signal: AbortSignal): Promise<void> {
    while (this.finalRound < round) await this.#bell.wait(signal)
  }

  /**
   * Has the link posted when the turn comes to `rank` (0: at once), unless it is final by then. It takes the place of one
   * that still waits.
   */
  post({ round, link, epoch }: Linked, rank: number): void {
    const { clock, signal, onWarning } = this.#init
    if (round <= this.finalRound) return
    this.#due = { round, link, epoch, rank, sinceMs: clock.nowMs() }
    // One that is in no block by now was lost, or the chain is away: the newer one is posted in its place.
    if (this.#attempt !== null && clock.nowMs() - this.#attempt.sinceMs > PATIENCE_MS) this.#attempt.stop.abort()
    this.#bell.ring()
    if (this.#isPosting) return
    this.#isPosting = true
    this.#postAll()
      .catch(error => (signal.aborted ? undefined : onWarning(`anchor: ${String(error)}`)))
      .finally(() => {
        this.#isPosting = false
      })
  }

  /** Until nothing is due. */
  async #postAll(): Promise<void> {
    const { chain, clock, reformed, signal } = this.#init
    let attempts = 0
    let last: Due | null = null
    for (let due = this.#due; due !== null && !signal.aborted; due = this.#due) {
      if (due !== last) attempts = 0
      last = due
      const isLeft = !isPartOf(due, reformed.recoveries())
      if (this.finalRound >= due.round || isLeft || attempts >= ATTEMPTS) {
        this.#due = null
        continue
      }
      await chain.there(signal)
      // A newer one may have fallen due meanwhile.
      if (this.#due !== due) continue
      // Counted from when the chain was there, so that its return is no start for everybody at once.
      const turnMs = Math.max(due.sinceMs, chain.backMs) + (due.rank + attempts) * PATIENCE_MS
      if (turnMs > clock.nowMs()) await this.#wait(turnMs - clock.nowMs())
      else if (await this.#send(due)) this.#due = this.#due === due ? null : this.#due
      else if (!chain.isAway) attempts++
    }
  }

  /** Until then, or until there is news. */
  async #wait(delayMs: number): Promise<void> {
    const { clock, signal } = this.#init
    const end = new AbortController()
    const until = AbortSignal.any([signal, end.signal])
    await Promise.race([delay(clock, delayMs, until), this.#bell.wait(until)]).finally(() => end.abort())
  }

  /** True where it is in a block now. */
  async #send({ round, link }: Due): Promise<boolean> {
    const { chain, clock, run, stage, signal, onWarning } = this.#init
    const stop = new AbortController()
    this.#attempt = { sinceMs: clock.nowMs(), stop }
    const fromRound = this.finalRound + 1
    try {
      await chain.anchor(
        run,
        { stage, fromRound, toRound: round, link },
        { signal: AbortSignal.any([signal, stop.signal]) },
      )
      return true
    } catch (error) {
      if (signal.aborted || stop.signal.aborted) return false
      if (error instanceof ChainUnavailable) await chain.suspect()
      // That the chain is away was told.
      if (!chain.isAway)
        onWarning(`the anchor of round ${round} was not posted: ${error instanceof Error ? error.message : error}`)
      return false
    } finally {
      this.#attempt = null
    }
  }

  /** One reading at a time; it goes on to the newest head. */
  async #read(): Promise<void> {
    const { posted, run, signal, onWarning } = this.#init
    if (this.#reading) return
    this.#reading = true
    try {
      while (this.#head !== null && this.#head.height > this.#seenHeight && !signal.aborted) {
        const toHeight = Math.min(this.#head.height, this.#seenHeight + ANCHOR_PAGE_BLOCKS)
        for (const anchor of await posted.anchors(run, { afterHeight: this.#seenHeight, toHeight }, { signal }))
          this.#hear(anchor)
        this.#seenHeight = toHeight
        this.#bell.ring()
      }
    } catch (error) {
      // The next finalised head tries again from the same height.
      if (!signal.aborted) onWarning(`anchors could not be read: ${error instanceof Error ? error.message : error}`)
    } finally {
      this.#reading = false
    }
  }

  #hear(posted: PostedAnchor): void {
    const { stage, isMember, onAnchored, onWarning } = this.#init
    const { height } = posted.block
    const isOwn = posted.stage === stage && isMember(posted.peer, height)
    const verdict = isOwn ? this.#links.take({ ...posted, height }) : null
    if (verdict === 'contradicts')
      onWarning(`${posted.peer} anchored another history of round ${posted.toRound} than the certified one`)
    else if (verdict !== 'left') onAnchored(posted)
  }
}
