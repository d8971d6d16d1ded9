/** Posts the head of the stage's certificate chain and reads what was posted: node/peer/anchorer without promises. */
import { ROLES, rankByStake } from '../../consensus/election/index.ts'
import { AnchorLinks } from '../../node/peer/anchor-links.ts'
import { rankOf } from '../../node/peer/rank.ts'
import { hashHex } from '../../protocols/wire/hash.ts'
import type { Hash } from '../../protocols/wire/messages.ts'
import { FIRST_FINAL } from '../kernel/chain.ts'
import { ANCHOR_ATTEMPTS, ANCHOR_PATIENCE_MS } from './constants.ts'
import type { SimPeer } from './peer.ts'
import { isAnchor } from './transactions.ts'

export class SimAnchors {
  readonly #peer: SimPeer
  readonly #links = new AnchorLinks()
  #seenHeight = FIRST_FINAL

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  get finalRound(): number {
    return this.#links.finalRound
  }

  /** Newest round of the own stage in any final anchor of a member since this block, whatever the own history says. */
  lastPosted(toHeight: number, fromHeight = FIRST_FINAL): number | null {
    let last: number | null = null
    for (const { transaction } of this.#peer.world.chain.transactions(fromHeight, toHeight))
      if (isAnchor(transaction) && transaction.stage === this.#peer.stage)
        last = Math.max(last ?? 0, transaction.toRound)
    return last
  }

  read(toHeight: number): void {
    const peer = this.#peer
    for (const { transaction, height } of peer.world.chain.transactions(this.#seenHeight, toHeight)) {
      if (!isAnchor(transaction) || transaction.stage !== peer.stage) continue
      const verdict = this.#links.take(transaction)
      if (verdict === 'contradicts')
        peer.tell.refused('contradiction', transaction.peer, 'an anchor of another history')
      else peer.tell.anchored(transaction, hashHex(transaction.link), height)
    }
    this.#seenHeight = Math.max(this.#seenHeight, toHeight)
  }

  /** After a round: posts it where it is due and the turn comes. */
  post(round: number, link: Hash): void {
    const peer = this.#peer
    const { manifest, id } = peer.world.run
    if (round % manifest.chain.anchorEvery !== 0 && round !== peer.world.scenario.workload.rounds) return
    this.#links.note(round, link)
    const { epoch } = peer
    const group = epoch?.groups[peer.stage]
    if (epoch === null || group === undefined) return
    const draw = { beacon: epoch.beacon, run: id, stage: peer.stage, round, role: ROLES.anchorer }
    const rank = rankOf(rankByStake(draw, group.seats, BigInt(manifest.stake.cap)), peer.name)
    this.#attempt(round, link, rank * ANCHOR_PATIENCE_MS, 0)
  }

  #attempt(toRound: number, link: Hash, delayMs: number, attempt: number): void {
    const peer = this.#peer
    peer.after(delayMs, () => {
      if (this.finalRound >= toRound || attempt >= ANCHOR_ATTEMPTS) return
      const anchor = { stage: peer.stage, fromRound: this.finalRound + 1, toRound, link, peer: peer.name }
      peer.chain.call(() => peer.world.chain.submit(anchor))
      this.#attempt(toRound, link, ANCHOR_PATIENCE_MS, attempt + 1)
    })
  }
}
