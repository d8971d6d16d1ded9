/** The peer's key: Ed25519, made once, kept in the data folder. Its public half is the peer id that the bond names. */
import { randomBytes } from 'node:crypto'
import { generateKeyPairFromSeed, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { DamagedFile } from './errors.ts'
import { createSecret, readSecret } from './secret-file.ts'

const LABEL = 'SWARM-NODE PEER KEY'
/** Bytes of an Ed25519 seed, RFC 8032. */
const SEED_BYTES = 32

/** Reads the key; null where there is none. Throws {@link DamagedFile}, `ExposedFile`. */
export async function readPeerKey(path: string): Promise<Ed25519PrivateKey | null> {
  const secret = await readSecret(LABEL, path)
  return secret === null ? null : parseKey(secret, path)
}

/** Reads the key, or makes one where there is none. */
export async function loadPeerKey(path: string): Promise<Ed25519PrivateKey> {
  const existing = await readPeerKey(path)
  if (existing !== null) return existing
  const key = await generateKeyPairFromSeed('Ed25519', randomBytes(SEED_BYTES))
  if (await createSecret(LABEL, path, privateKeyToProtobuf(key))) return key
  return await loadPeerKey(path)
}

function parseKey(secret: Uint8Array, path: string): Ed25519PrivateKey {
  try {
    const key = privateKeyFromProtobuf(secret)
    if (key.type === 'Ed25519') return key
  } catch (error) {
    throw new DamagedFile(path, 'it holds no libp2p key', error)
  }
  throw new DamagedFile(path, 'its key is not an Ed25519 key')
}
