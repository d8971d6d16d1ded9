/** The secret of the chain account that owns the bond, as a secret URI: a mnemonic, `//Alice`, or 0x and a 32-byte mini secret. */
import { randomBytes } from 'node:crypto'
import { DamagedFile } from './errors.ts'
import { createSecret, readSecret } from './secret-file.ts'

const LABEL = 'SWARM-NODE ACCOUNT'
/** Bytes of an sr25519 mini secret. */
const MINI_SECRET_BYTES = 32
/** Longest secret URI that is kept, characters: 24 words and a derivation path. */
const SECRET_URI_MAX = 512

/** Reads the secret URI; null where there is none. Throws {@link DamagedFile}, `ExposedFile`. */
export async function readAccount(path: string): Promise<string | null> {
  const secret = await readSecret(LABEL, path)
  if (secret === null) return null
  try {
    const uri = new TextDecoder('utf-8', { fatal: true }).decode(secret)
    if (uri !== '' && uri.length <= SECRET_URI_MAX) return uri
  } catch (error) {
    throw new DamagedFile(path, 'it is not text', error)
  }
  throw new DamagedFile(path, 'it holds no secret URI')
}

/** Reads the secret URI, or keeps `secretUri` (by default a fresh mini secret) where there is none. */
export async function loadAccount(
  path: string,
  secretUri = `0x${randomBytes(MINI_SECRET_BYTES).toString('hex')}`,
): Promise<string> {
  const existing = await readAccount(path)
  if (existing !== null) return existing
  if (await createSecret(LABEL, path, new TextEncoder().encode(secretUri))) return secretUri
  return await loadAccount(path)
}
