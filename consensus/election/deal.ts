/** Epoch 0: the beacon deals every bonded peer its stage, so nobody chooses whom to sit with. */
import { compareBytes, compareText } from '../../protocols/wire/hash.ts'
import type { ContentId, Hash, PeerName } from '../../protocols/wire/messages.ts'
import { hashList } from './digest.ts'

/**
 * Peers sorted by SHA-256 of DAG-CBOR `[beacon, run, 'deal', peer]`, dealt round-robin: all stages get equally many
 * (the first ones one more where it does not divide).
 */
export function dealStages(
  beacon: Hash,
  run: ContentId,
  peers: readonly PeerName[],
  stages: number,
): Map<PeerName, number> {
  const order = peers
    .map(peer => ({ peer, key: hashList([beacon, run, 'deal', peer]) }))
    .sort((a, b) => compareBytes(a.key, b.key) || compareText(a.peer, b.peer))
  return new Map(order.map(({ peer }, i) => [peer, i % stages]))
}
