/** A source's SETTLEDs: signed, counted here, and published until somebody listens. */
import type { CancelTimer } from '../../protocols/wire/environment.ts'
import type { Hash, Scope, Settled, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { delay } from './delay.ts'
import type { PeerParts } from './types.ts'

/** Between two attempts: while no peer has subscribed yet, or gossipsub's buffers are full. */
const RETRY_MS = 500
/** Later SETTLEDs say the same and more, so an old one is not worth many attempts. */
const ATTEMPTS = 10
/** A count below the own share of the target closes nothing yet: it waits this long for the next, which says both. */
const PATIENCE_MS = 200

export interface SettledInit {
  readonly parts: PeerParts
  readonly scope: Scope
  /** Micro-batches with which this source has done its share. */
  readonly share: number
  readonly signal: AbortSignal
  /** Counts the own SETTLED. */
  readonly onSigned: (signed: Signed<Settled>) => void
}

export class SettledSpreader {
  readonly #init: SettledInit
  #newest: Settled | null = null
  #cancel: CancelTimer | null = null

  constructor(init: SettledInit) {
    this.#init = init
    init.signal.addEventListener('abort', () => this.#cancel?.(), { once: true })
  }

  /** Cumulative: a later call replaces an earlier one. */
  note(count: number, root: Hash): void {
    const { scope, share, parts } = this.#init
    this.#newest = { kind: 'settled', scope, count, root }
    if (count >= share) this.#send()
    else this.#cancel ??= parts.clock.after(PATIENCE_MS, () => this.#send())
  }

  #send(): void {
    this.#cancel?.()
    this.#cancel = null
    const { parts, signal } = this.#init
    const payload = this.#newest
    if (payload === null || signal.aborted) return
    this.#publish(payload).catch(error => parts.warn(`a SETTLED could not be sent: ${String(error)}`))
  }

  async #publish(payload: Settled): Promise<void> {
    const { parts, signal, onSigned } = this.#init
    const { journal, gossip, clock } = parts
    const signed = await journal.sign(payload)
    if (isRefusal(signed)) throw new Error(signed.detail ?? signed.refused)
    if (signal.aborted) return
    onSigned(signed)
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const sent = await gossip.publish(0, 'settled', signed.envelope)
      if (!isRefusal(sent) && sent > 0) return
      await delay(clock, RETRY_MS, signal).catch(() => undefined)
      if (signal.aborted) return
    }
  }
}
