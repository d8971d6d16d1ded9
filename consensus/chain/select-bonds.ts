/** Which of the bonds on chain count: pure, so that every peer finds the same seats. */
import type { ContentId, Hash, PeerName } from '../../protocols/wire/messages.ts'
import { accountKey } from './address.ts'
import { collectionId, verifyBondProof } from './bond.ts'
import { COLLECTION_TRIES } from './constants.ts'
import type { Bond } from './types.ts'

/** A uniques item as the chain holds it. */
export interface BondItem {
  readonly collection: number
  /** SS58 address of the item's owner. */
  readonly owner: string
  /** SS58 address of the collection's owner: who can write attributes. */
  readonly collectionOwner: string
  /** Attribute values; undefined where not set. */
  readonly peer: string | undefined
  readonly run: string | undefined
  readonly proof: Uint8Array | undefined
  /** Frozen balance of the stake asset. */
  readonly stake: bigint
}

/**
 * The valid bonds of `run`, one an account (its first collection) and one a peer (the account with the lowest public key),
 * sorted by peer.
 */
export async function selectBonds(genesis: Hash, run: ContentId, items: readonly BondItem[]): Promise<Bond[]> {
  const valid: { bond: Bond; attempt: number; order: string }[] = []
  for (const item of items) {
    const attempt = attemptOf(item, run)
    if (attempt < 0 || item.run !== run || item.peer === undefined || item.proof === undefined) continue
    const bond = { peer: item.peer, account: item.owner, stake: item.stake }
    if (!(await verifyBondProof({ genesis, run, account: bond.account, peer: bond.peer, proof: item.proof }))) continue
    valid.push({ bond, attempt, order: hex(accountKey(item.owner)) })
  }
  valid.sort((a, b) => compare(a.order, b.order) || a.attempt - b.attempt)
  const accounts = new Set<string>()
  const peers = new Map<PeerName, Bond>()
  for (const { bond, order } of valid) {
    if (accounts.has(order)) continue
    accounts.add(order)
    if (!peers.has(bond.peer)) peers.set(bond.peer, bond)
  }
  return [...peers.values()].sort((a, b) => compare(a.peer, b.peer))
}

/** Which try of its owner the item's collection is, or -1: an account answers only for collections of its own. */
function attemptOf(item: BondItem, run: ContentId): number {
  if (item.owner !== item.collectionOwner) return -1
  for (let attempt = 0; attempt < COLLECTION_TRIES; attempt++) {
    if (collectionId(item.owner, run, attempt) === item.collection) return attempt
  }
  return -1
}

/** Order of UTF-16 code units, the same everywhere, unlike localeCompare. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
