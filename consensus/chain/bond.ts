/** A bond's proof and its place on chain. Byte layouts: README.md, "Bond". */
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { blake2b } from '@noble/hashes/blake2.js'
import type { ContentId, Hash, PeerName } from '../../protocols/wire/messages.ts'
import { accountKey } from './address.ts'
import { BOND_PROOF_DOMAIN, COLLECTION_DOMAIN, ITEM_DOMAIN } from './constants.ts'

/** Bytes of an Ed25519 signature. */
const SIGNATURE_BYTES = 64

const text = new TextEncoder()

/** What the peer's key signs: domain, 0, genesis hash (32), account's public key (32), run id as text. `account` is SS58. */
export function bondProofBytes(genesis: Hash, run: ContentId, account: string): Uint8Array {
  if (genesis.length !== 32) throw new RangeError('a genesis hash has 32 bytes')
  return concat(text.encode(BOND_PROOF_DOMAIN), ZERO, genesis, accountKey(account), text.encode(run))
}

/** Signs the proof that this peer binds itself to `account` for `run`. */
export async function signBondProof(
  key: PrivateKey,
  genesis: Hash,
  run: ContentId,
  account: string,
): Promise<Uint8Array> {
  if (key.type !== 'Ed25519') throw new RangeError('a peer has an Ed25519 key')
  return key.sign(bondProofBytes(genesis, run, account))
}

export interface BondClaim {
  readonly genesis: Hash
  readonly run: ContentId
  /** SS58. */
  readonly account: string
  readonly peer: PeerName
  readonly proof: Uint8Array
}

/** True where `peer` is an Ed25519 peer id whose key signed the claim. */
export async function verifyBondProof(claim: BondClaim): Promise<boolean> {
  if (claim.proof.length !== SIGNATURE_BYTES) return false
  try {
    const peer = peerIdFromString(claim.peer)
    // The text form must be the usual one, else one peer had two names.
    if (peer.type !== 'Ed25519' || peer.toString() !== claim.peer) return false
    return await peer.publicKey.verify(bondProofBytes(claim.genesis, claim.run, claim.account), claim.proof)
  } catch {
    return false
  }
}

/** The collection that `account` makes for `run` at its `attempt`-th try (0 first): BLAKE2b-256, first 4 bytes, little endian. */
export function collectionId(account: string, run: ContentId, attempt: number): number {
  return firstWord(
    concat(text.encode(COLLECTION_DOMAIN), ZERO, accountKey(account), Uint8Array.of(attempt), text.encode(run)),
  )
}

/** The item of every bond of `run`, the same in all collections, so that bonds are found by their keys alone. */
export function itemId(run: ContentId): number {
  return firstWord(concat(text.encode(ITEM_DOMAIN), ZERO, text.encode(run)))
}

const ZERO = Uint8Array.of(0)

function firstWord(bytes: Uint8Array): number {
  const hash = blake2b(bytes, { dkLen: 32 })
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0, true)
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}
