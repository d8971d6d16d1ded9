/**
 * Ed25519 by OpenSSL with key objects that are made once. libp2p makes one out of a JSON web key for every signature and
 * every check, which costs as much as the curve's arithmetic.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import type { VerifyEd25519 } from '../../protocols/wire/ed25519.ts'

/** Keys remembered; the one that came first is forgotten. A swarm's seats are fewer. */
const MAX_KEYS = 1024
/** What precedes the raw key in DER, RFC 8410. */
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SEED_BYTES = 32

export function nativeVerifier(): VerifyEd25519 {
  const keys = new Map<string, KeyObject>()
  return (publicKey, message, signature) => {
    const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength).toString('latin1')
    let key = keys.get(name)
    if (key === undefined) {
      key = createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, publicKey]), format: 'der', type: 'spki' })
      keys.set(name, key)
      const oldest = keys.keys().next().value
      if (keys.size > MAX_KEYS && oldest !== undefined) keys.delete(oldest)
    }
    return verify(null, message, key, signature)
  }
}

/** The same key, which signs natively. */
export function signingNatively(key: Ed25519PrivateKey): Ed25519PrivateKey {
  const seed = key.raw.subarray(0, SEED_BYTES)
  const native = createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const own: Pick<Ed25519PrivateKey, 'sign'> = {
    sign(message, options) {
      options?.signal?.throwIfAborted()
      return sign(null, message instanceof Uint8Array ? message : message.subarray(), native)
    },
  }
  return Object.assign(Object.create(key), own)
}
