/** What a peer holds of its stage's partitions, and holds again as it starts. */
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Commit, Signed } from '../../protocols/wire/messages.ts'
import { nativeHash } from './engine.ts'
import { SimHoldings } from './holdings.ts'
import type { SimPeer } from './peer.ts'

/** Holdings that keep on the disk what they acknowledge, and tell the round in progress. */
export function newHoldings(peer: SimPeer): SimHoldings {
  return new SimHoldings(peer.world.bench, {
    commitOf: (round, author) => peer.commits.commitOf({ ...peer.world.anyScope, round }, author),
    stored: (id, bytes) => {
      const { round, author, root, partition } = id
      // Where it is not acknowledged the author turns to the next candidate.
      peer.journal.hold(id, bytes, () => {
        const current = peer.inbox?.current
        if (current?.round === round) current.input({ type: 'stored', author, root, partition })
      })
    },
  })
}

/** What an earlier process has acknowledged, of the round before this one and from then on. */
export function holdRestored({ journal, holdings }: SimPeer, round: number): void {
  for (const { id, bytes } of journal.heldSince(round - 1)) holdings.hold(id, bytes)
}

/** The partitions of the own commitment of before a restart. */
export function holdAgain({ holdings }: SimPeer, signed: Signed<Commit>, partitions: readonly Uint8Array[]): void {
  const { round } = signed.payload.scope
  for (const [partition, bytes] of partitions.entries()) {
    const leaf = signed.payload.leaves[partition]
    if (leaf === undefined || !equalBytes(nativeHash(bytes), leaf)) continue
    holdings.hold({ round, author: signed.signer, root: signed.payload.root, partition }, bytes)
  }
}
