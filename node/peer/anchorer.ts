/**
 * Posts the head of the stage's certificate chain now and then, and reports what was posted once it is final. Whose turn it
 * is follows from stake; the next in rank does it where the first has not within its time.
 */
import type { BlockReference, Chain, PostedAnchor } from '../../consensus/chain/types.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import type { ContentId, Hash } from '../../protocols/wire/messages.ts'
import { AnchorLinks } from './anchor-links.ts'
import { ANCHOR_PAGE_BLOCKS } from './anchor-pages.ts'
import { delay } from './delay.ts'
import { RoundBell } from './round-bell.ts'

/** For an anchor to be in a block and final: about three block times of a public chain. */
const PATIENCE_MS = 20_000
/** Attempts of one peer for one link; the next link says all that this one says. */
const ATTEMPTS = 3

export interface AnchorerInit {
  readonly chain: Chain
  readonly clock: Clock
  readonly run: ContentId
  readonly stage: number
  /** Where to begin to look for anchors. */
  readonly fromHeight: number
  readonly signal: AbortSignal
  readonly onAnchored: (anchor: PostedAnchor) => void
  readonly onWarning: (message: string) => void
}

export class Anchorer {
  readonly #init: AnchorerInit
  readonly #links = new AnchorLinks()
  readonly #unsubscribe: () => void
  #seenHeight: number
  #head: BlockReference | null = null
  #reading = false
  readonly #bell = new RoundBell()

  constructor(init: AnchorerInit) {
    this.#init = init
    this.#seenHeight = init.fromHeight
    this.#unsubscribe = init.chain.onFinalized(head => {
      this.#head = head
      void this.#read()
    })
  }

  get finalRound(): number {
    return this.#links.finalRound
  }

  stop(): void {
    this.#unsubscribe()
  }

  /** The own history has this link at this round. */
  note(round: number, link: Hash): void {
    this.#links.note(round, link)
  }

  /** Resolves when an anchor of this round or a later one is final; rejects when the signal fires. */
  async final(round: number, signal: AbortSignal): Promise<void> {
    while (this.finalRound < round) await this.#bell.wait(signal)
  }

  /** Posts the link when the turn comes to `rank` (0: at once), unless it is final by then. */
  async post(toRound: number, link: Hash, rank: number): Promise<void> {
    const { chain, clock, run, stage, signal, onWarning } = this.#init
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const waited = delay(clock, attempt === 0 ? rank * PATIENCE_MS : PATIENCE_MS, signal)
      await waited.catch(() => undefined)
      if (signal.aborted) return
      if (this.finalRound >= toRound) return
      const anchor = { stage, fromRound: this.finalRound + 1, toRound, link }
      try {
        await chain.anchor(run, anchor, { signal })
        return
      } catch (error) {
        if (signal.aborted) return
        onWarning(`the anchor of round ${toRound} was not posted: ${error instanceof Error ? error.message : error}`)
      }
    }
  }

  /** One reading at a time; it goes on to the newest head. */
  async #read(): Promise<void> {
    const { chain, run, signal, onWarning } = this.#init
    if (this.#reading) return
    this.#reading = true
    try {
      while (this.#head !== null && this.#head.height > this.#seenHeight && !signal.aborted) {
        const toHeight = Math.min(this.#head.height, this.#seenHeight + ANCHOR_PAGE_BLOCKS)
        for (const posted of await chain.anchors(run, { afterHeight: this.#seenHeight, toHeight }, { signal }))
          this.#take(posted)
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

  #take(posted: PostedAnchor): void {
    const { stage, onAnchored, onWarning } = this.#init
    if (posted.stage === stage && this.#links.take(posted) === 'contradicts') {
      onWarning(`${posted.peer} anchored another history of round ${posted.toRound} than the certified one`)
      return
    }
    onAnchored(posted)
  }
}
