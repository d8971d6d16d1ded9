/** The leaderless close of a round, as one peer sees it: collects SETTLEDs, closes once, and passes the bundle on. */
import { type CloseState, closingBundle, createClose, noteSettled } from '../../consensus/round/index.ts'
import type { PeerName, Settled, Signed } from '../../protocols/wire/messages.ts'

export interface SettlementInit {
  readonly round: number
  readonly sources: readonly PeerName[]
  readonly target: number
  readonly slack: number
  readonly onClosed: (bundle: readonly Signed<Settled>[]) => void
}

export class Settlement {
  readonly #state: CloseState
  readonly #onClosed: SettlementInit['onClosed']
  #closed = false

  constructor({ round, sources, target, slack, onClosed }: SettlementInit) {
    this.#state = createClose({ round, sources, target, slack })
    this.#onClosed = onClosed
  }

  /** Highest count of a source so far. */
  countOf(source: PeerName): number {
    return this.#state.newest.get(source)?.payload.count ?? 0
  }

  /** True where it told something new. */
  note(signed: Signed<Settled>): boolean {
    const isNews = noteSettled(this.#state, signed)
    const bundle = isNews && !this.#closed ? closingBundle(this.#state) : null
    if (bundle !== null) {
      this.#closed = true
      this.#onClosed(bundle)
    }
    return isNews
  }
}
