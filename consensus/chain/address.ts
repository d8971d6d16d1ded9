/** SS58 account addresses (docs.substrate.io, "Address formats"): base58 of prefix, 32-byte public key, 2 bytes of BLAKE2b-512. */
import { blake2b } from '@noble/hashes/blake2.js'
import { base58btc } from 'multiformats/bases/base58'

const CHECKSUM_DOMAIN = new TextEncoder().encode('SS58PRE')
const KEY_BYTES = 32
const CHECKSUM_BYTES = 2

/** The public key of an SS58 address of any network prefix. Throws a RangeError where it is not one. */
export function accountKey(address: string): Uint8Array {
  const bytes = decodeBase58(address)
  // Prefixes below 64 take one byte, the others two.
  const prefixBytes = (bytes[0] ?? 0) < 64 ? 1 : 2
  const checksumAt = prefixBytes + KEY_BYTES
  if (bytes.length !== checksumAt + CHECKSUM_BYTES) throw notAnAddress(address)
  const payload = bytes.subarray(0, checksumAt)
  const checksum = blake2b(new Uint8Array([...CHECKSUM_DOMAIN, ...payload]), { dkLen: 64 })
  if (checksum[0] !== bytes[checksumAt] || checksum[1] !== bytes[checksumAt + 1]) throw notAnAddress(address)
  return bytes.slice(prefixBytes, checksumAt)
}

function decodeBase58(address: string): Uint8Array {
  try {
    return base58btc.baseDecode(address.slice(0, 64))
  } catch {
    throw notAnAddress(address)
  }
}

function notAnAddress(address: string): RangeError {
  return new RangeError(`not an SS58 address: ${address.slice(0, 64)}`)
}
