/** Brings what a round decided about the members to the chain: node/peer/changes-poster without promises. */
import { ROLES, rankByStake } from '../../consensus/election/index.ts'
import { rankOf } from '../../node/peer/rank.ts'
import type { Certificate } from '../../protocols/wire/messages.ts'
import { ANCHOR_ATTEMPTS, ANCHOR_PATIENCE_MS } from './constants.ts'
import type { SimPeer } from './peer.ts'
import { isRecord } from './transactions.ts'

/** After a round of the peer's current epoch. */
export function postChanges(peer: SimPeer, { value, outcomes }: Certificate): void {
  const { epoch, stage, world } = peer
  const group = epoch?.groups[stage]
  if (value.changes.length === 0 || epoch === null || group === undefined) return
  const { id, manifest } = world.run
  const { round } = value.scope
  const draw = { beacon: epoch.beacon, run: id, stage, round, role: ROLES.anchorer }
  const rank = rankOf(rankByStake(draw, group.seats, BigInt(manifest.stake.cap)), peer.name)
  attempt(peer, { value, outcomes }, rank * ANCHOR_PATIENCE_MS, 0)
}

function attempt(peer: SimPeer, record: Pick<Certificate, 'value' | 'outcomes'>, delayMs: number, count: number): void {
  peer.after(delayMs, () => {
    if (isPosted(peer, record) || count >= ANCHOR_ATTEMPTS) return
    peer.chain.call(() => peer.world.chain.submit({ record, peer: peer.name }))
    attempt(peer, record, ANCHOR_PATIENCE_MS, count + 1)
  })
}

function isPosted(peer: SimPeer, { value: { scope, reference } }: Pick<Certificate, 'value'>): boolean {
  return peer.world.chain.transactions(reference.height, peer.chain.finalized.height).some(({ transaction }) => {
    if (!isRecord(transaction)) return false
    const { stage, round } = transaction.record.value.scope
    return stage === scope.stage && round === scope.round
  })
}
