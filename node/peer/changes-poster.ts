/**
 * Brings what a round decided about the members of its stage to the chain: by the first in rank, by the next ones where that
 * one has not within its time, again and again until it stands in a final block.
 */
import type { Chain } from '../../consensus/chain/types.ts'
import { encodeRecord } from '../../consensus/membership/index.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import type { Certificate } from '../../protocols/wire/messages.ts'
import type { Run } from '../run/folder.ts'
import { ANCHOR_PAGE_BLOCKS } from './anchor-pages.ts'
import { RECORD_EPOCHS, readRecord } from './decisions.ts'
import { delay } from './delay.ts'
import type { Membership } from './membership.ts'

/** For a record to be in a block and final: about three block times of a public chain. */
const PATIENCE_MS = 20_000

export interface ChangesPosterInit {
  readonly chain: Chain
  readonly clock: Clock
  readonly run: Run
  readonly membership: Membership
  readonly signal: AbortSignal
  readonly onWarning: (message: string) => void
}

export class ChangesPoster {
  readonly #init: ChangesPosterInit

  constructor(init: ChangesPosterInit) {
    this.#init = init
  }

  /** Resolves once the record is final, or counts no more, or the signal fired. @param rank - 0: at once */
  async post(certificate: Certificate, rank: number): Promise<void> {
    const { chain, clock, run, membership, signal, onWarning } = this.#init
    const { scope } = certificate.value
    const record = encodeRecord(certificate)
    const search = new RecordSearch(this.#init, certificate)
    for (let waitMs = rank * PATIENCE_MS; !signal.aborted; waitMs = PATIENCE_MS) {
      await delay(clock, waitMs, signal).catch(() => undefined)
      if (signal.aborted || membership.current.epoch > scope.epoch + RECORD_EPOCHS) return
      try {
        if (await search.found()) return
        await chain.postRecord(run.id, record, { signal })
      } catch (error) {
        if (signal.aborted) return
        const why = error instanceof Error ? error.message : String(error)
        onWarning(`the changes of round ${scope.round} of stage ${scope.stage} are not on the chain yet: ${why}`)
      }
    }
  }
}

/** Looks for a round's record in final blocks; of each block once. */
class RecordSearch {
  readonly #init: ChangesPosterInit
  readonly #certificate: Certificate
  #seenHeight: number
  #found = false

  constructor(init: ChangesPosterInit, certificate: Certificate) {
    this.#init = init
    this.#certificate = certificate
    // It cannot have been posted before the block that its value refers to.
    this.#seenHeight = certificate.value.reference.height - 1
  }

  async found(): Promise<boolean> {
    const { chain, run, signal } = this.#init
    const head = await chain.finalizedHead({ signal })
    while (!this.#found && this.#seenHeight < head.height) {
      const toHeight = Math.min(head.height, this.#seenHeight + ANCHOR_PAGE_BLOCKS)
      const posted = await chain.records(run.id, { afterHeight: this.#seenHeight, toHeight }, { signal })
      for (const { kind, record } of posted) if (kind === 'changes' && (await this.#isThis(record))) this.#found = true
      this.#seenHeight = toHeight
    }
    return this.#found
  }

  async #isThis(record: Uint8Array): Promise<boolean> {
    const { run, membership, signal } = this.#init
    const { stage, round, epoch } = this.#certificate.value.scope
    const decided = await readRecord(record, run, epoch + 1, number => membership.epoch(number, signal))
    return decided?.stage === stage && decided.round === round
  }
}
