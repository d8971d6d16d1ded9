/** Says how many micro-batches of this source have settled in a round, and closes it with what others say (node/peer/spread-settled). */
import { targetOf } from '../../node/peer/round-context.ts'
import { Settlement } from '../../node/peer/settlement.ts'
import type { Hash, PeerName, Scope, Settled, Signed } from '../../protocols/wire/messages.ts'
import { CLOSE_STAGGER_MS, SETTLED_PATIENCE_MS } from './constants.ts'
import type { SimPeer } from './peer.ts'

export interface RoundSettledInit {
  readonly peer: SimPeer
  readonly scope: Scope
  readonly sources: readonly PeerName[]
  /** Enough have settled. */
  readonly onClosed: () => void
  /** The round's work goes on. */
  readonly isOpen: () => boolean
}

export class RoundSettled {
  readonly #init: RoundSettledInit
  readonly #settlement: Settlement
  #due: Settled | null = null
  #timer = 0

  constructor(init: RoundSettledInit) {
    const { peer, scope, sources, onClosed, isOpen } = init
    const { manifest } = peer.world.run
    this.#init = init
    this.#settlement = new Settlement({
      round: scope.round,
      sources,
      target: targetOf(manifest, scope.round),
      slack: manifest.batch.slack,
      onClosed: bundle => {
        onClosed()
        const rank = sources.indexOf(peer.name)
        if (rank < 0) return
        peer.after(rank * CLOSE_STAGGER_MS, () => {
          if (isOpen()) peer.world.gossip.close(peer, bundle)
        })
      },
    })
  }

  countOf(source: PeerName): number {
    return this.#settlement.countOf(source)
  }

  note(signed: Signed<Settled>): boolean {
    return this.#settlement.note(signed)
  }

  /** Cumulative: what is below the own share waits for the next, which says both. */
  own(count: number, root: Hash): void {
    const { peer, scope } = this.#init
    const said = peer.behaviour?.settled?.(count) ?? count
    this.#due = { kind: 'settled', scope: { ...scope, stage: 0 }, count: said, root }
    const share = Math.ceil(targetOf(peer.world.run.manifest, scope.round) / peer.world.sourcesIn(peer.epoch).length)
    const number = ++this.#timer
    if (count >= share) this.#publish()
    else peer.after(SETTLED_PATIENCE_MS, () => (number === this.#timer ? this.#publish() : undefined))
  }

  #publish(): void {
    const { peer, isOpen } = this.#init
    const payload = this.#due
    if (payload === null || !isOpen()) return
    this.#due = null
    const signed = peer.key.sign(payload)
    this.note(signed)
    peer.world.gossip.settled(peer, signed)
  }
}
