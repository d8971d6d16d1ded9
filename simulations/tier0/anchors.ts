/** Posts the head of the stage's certificate chain and reads what was posted: node/peer/anchorer without promises. */
import { ROLES, rankByStake } from '../../consensus/election/index.ts'
import { isPartOf } from '../../consensus/recovery/index.ts'
import { AnchorLinks, type Linked, type StageRecoveries } from '../../node/peer/anchor-links.ts'
import { rankOf } from '../../node/peer/rank.ts'
import { isLeft } from '../../node/peer/reformed.ts'
import { hashHex } from '../../protocols/wire/hash.ts'
import type { Hash } from '../../protocols/wire/messages.ts'
import { FIRST_FINAL } from '../kernel/chain.ts'
import { ANCHOR_ATTEMPTS, ANCHOR_PATIENCE_MS } from './constants.ts'
import type { SimPeer } from './peer.ts'

export class SimAnchors {
  readonly #peer: SimPeer
  readonly #reformed: StageRecoveries
  readonly #links: AnchorLinks
  #seenHeight = FIRST_FINAL

  constructor(peer: SimPeer) {
    this.#peer = peer
    this.#reformed = { recoveries: () => peer.recoveries, startOf: epoch => peer.world.epochStart(epoch) }
    this.#links = new AnchorLinks(this.#reformed)
  }

  get finalRound(): number {
    return this.#links.finalRound
  }

  /** Newest round of the own stage in any final anchor of a member since this block, whatever the own history says. */
  lastPosted(toHeight: number, fromHeight = FIRST_FINAL): number | null {
    let last: number | null = null
    const { stage, world } = this.#peer
    for (const { transaction } of world.anchors.of(stage, fromHeight, toHeight))
      last = Math.max(last ?? 0, transaction.toRound)
    return last
  }

  read(toHeight: number): void {
    const peer = this.#peer
    const { anchors, members } = peer.world
    for (const { transaction, height } of anchors.of(peer.stage, this.#seenHeight, toHeight)) {
      if (members.change && !members.hadSeat(transaction.peer, peer.stage, height)) continue
      const verdict = this.#links.take({ ...transaction, height })
      if (verdict === 'contradicts')
        peer.tell.refused('contradiction', transaction.peer, 'an anchor of another history')
      else if (verdict !== 'left') peer.tell.anchored(transaction, hashHex(transaction.link), height, toHeight)
    }
    this.#seenHeight = Math.max(this.#seenHeight, toHeight)
  }

  /** The link of the history at a round, as the first anchor of it has it; null where none is final. */
  linkAt(round: number): Hash | null {
    const { stage, world, chain, recoveries } = this.#peer
    for (const { transaction, height } of world.anchors.of(stage, FIRST_FINAL, chain.finalized.height)) {
      if (transaction.toRound !== round) continue
      if (!world.members.hadSeat(transaction.peer, stage, height)) continue
      if (!isLeft(round, height, recoveries, this.#reformed.startOf)) return transaction.link
    }
    return null
  }

  /** After a round: posts it where it is due and the turn comes. */
  post(tip: Linked): void {
    const { round } = tip
    const peer = this.#peer
    const { manifest, id } = peer.world.run
    if (round % manifest.chain.anchorEvery !== 0 && round !== peer.world.scenario.workload.rounds) return
    this.#links.note(tip)
    const { epoch } = peer
    const group = epoch?.groups[peer.stage]
    if (epoch === null || group === undefined) return
    const draw = { beacon: epoch.beacon, run: id, stage: peer.stage, round, role: ROLES.anchorer }
    const rank = rankOf(rankByStake(draw, group.seats, BigInt(manifest.stake.cap)), peer.name)
    this.#attempt(tip, rank * ANCHOR_PATIENCE_MS, 0)
  }

  #attempt(tip: Linked, delayMs: number, attempt: number): void {
    const peer = this.#peer
    const { round: toRound, link } = tip
    peer.after(delayMs, () => {
      if (this.finalRound >= toRound || !isPartOf(tip, peer.recoveries) || attempt >= ANCHOR_ATTEMPTS) return
      const anchor = { stage: peer.stage, fromRound: this.finalRound + 1, toRound, link, peer: peer.name }
      peer.chain.call(() => peer.world.chain.submit(anchor))
      this.#attempt(tip, ANCHOR_PATIENCE_MS, attempt + 1)
    })
  }
}
