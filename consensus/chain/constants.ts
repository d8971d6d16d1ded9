/** Names and sizes of what is on chain (README.md); changing one is another protocol version. */

/** Bytes. Asset Hub's pallet-uniques: attribute keys up to 32, values up to 64. */
export const KEY_LIMIT_BYTES = 32
export const VALUE_LIMIT_BYTES = 64

/** Separates the bond's signature from every other use of the peer's key. */
export const BOND_PROOF_DOMAIN = 'swarm-node/bond/1'
/** Separates the derivation of a bond's collection and item ids. */
export const COLLECTION_DOMAIN = 'swarm-node/collection/1'
export const ITEM_DOMAIN = 'swarm-node/item/1'
/** Marks our remarks among others. */
export const ANCHOR_KIND = 'swarm-node/anchor/1'

/** An account may try this many collection ids for a run: with 10^5 collections on a chain one try collides once in 40,000. */
export const COLLECTION_TRIES = 8

/** Each begins a record: of changes (`consensus/membership/record.ts`), a renewal, a claim or a checkpoint (`consensus/recovery/records.ts`), speeds (`consensus/routing/speeds-report.ts`). */
export const RECORD_KINDS = {
  changes: 'swarm-node/changes/1',
  renewal: 'swarm-node/renewal/1',
  claim: 'swarm-node/claim/1',
  checkpoint: 'swarm-node/checkpoint/1',
  speeds: 'swarm-node/speeds/1',
} as const
/**
 * Bytes of a record: one of changes, of a full stage of 256 seats, all of them sealed and all of them changed, takes 139,167. Asset
 * Hub takes 3.75 MiB of such transactions a block, the embedded chain requests of 1 MiB.
 */
export const RECORD_LIMIT_BYTES = 160 * 1024

/** Bytes of an encoded anchor remark at most; ours are below 160. */
export const ANCHOR_LIMIT_BYTES = 256
/** Stages of a run at most, so that `anchor/<stage>` fits a key. */
export const STAGE_LIMIT = 65_536
