/**
 * One secret in one text file, mode 0600, in the manner of RFC 7468: a label, headers, base64. The check is the start of the
 * SHA-256 of the secret: a flipped bit would otherwise be another, valid key, and the peer a stranger to its own bond.
 *
 *     -----BEGIN SWARM-NODE PEER KEY-----
 *     Version: 1
 *     Check: 8f0c1d2e3a4b5c6d
 *
 *     CAESQ...
 *     -----END SWARM-NODE PEER KEY-----
 */
import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DamagedFile, ExposedFile } from './errors.ts'

const VERSION = 1
/** Characters of base64 a line, as RFC 7468 asks. */
const LINE_LENGTH = 64
/** Longer files are not ours; bytes. */
const FILE_MAX_BYTES = 16 * 1024

function checkOf(secret: Uint8Array): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 16)
}

export function encodeSecret(label: string, secret: Uint8Array): string {
  const body = Buffer.from(secret)
    .toString('base64')
    .replace(new RegExp(`.{1,${LINE_LENGTH}}`, 'g'), '$&\n')
  return `-----BEGIN ${label}-----\nVersion: ${VERSION}\nCheck: ${checkOf(secret)}\n\n${body}-----END ${label}-----\n`
}

/** Throws {@link DamagedFile} that names `path`. */
export function decodeSecret(label: string, text: string, path: string): Uint8Array {
  const form =
    /^-----BEGIN (.+)-----\nVersion: (\d+)\nCheck: ([0-9a-f]{16})\n\n([A-Za-z0-9+/=\n]+)-----END (.+)-----\n$/
  const plain = text.replaceAll('\r\n', '\n')
  const match = form.exec(plain)
  if (match === null) throw new DamagedFile(path, 'it is not in the expected form')
  const [, begin, version, check, body = '', end] = match
  if (begin !== label || end !== label) throw new DamagedFile(path, `it holds a ${begin}, not a ${label}`)
  if (Number(version) !== VERSION) throw new DamagedFile(path, `version ${version} is not known to this program`)
  const secret = Uint8Array.from(Buffer.from(body, 'base64'))
  if (checkOf(secret) !== check) throw new DamagedFile(path, 'its check does not match')
  // The last bits of base64 may differ without changing the secret; no file of ours has that.
  if (encodeSecret(label, secret) !== plain) throw new DamagedFile(path, 'it is not in the expected form')
  return secret
}

/** Reads the secret; null where there is no file. Throws {@link DamagedFile} or {@link ExposedFile}. */
export async function readSecret(label: string, path: string): Promise<Uint8Array | null> {
  const info = await stat(path).catch(error => {
    if (isMissing(error)) return null
    throw error
  })
  if (info === null) return null
  if (process.platform !== 'win32' && (info.mode & 0o077) !== 0) throw new ExposedFile(path)
  if (!info.isFile() || info.size > FILE_MAX_BYTES) throw new DamagedFile(path, 'it is not a small file')
  return decodeSecret(label, await readFile(path, 'utf8'), path)
}

/** Writes a secret that did not exist; on disk when this resolves. False where another process was first. */
export async function createSecret(label: string, path: string, secret: Uint8Array): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  // Linked into place when complete: a crash leaves either no key or a whole one.
  const temporary = `${path}.${randomUUID()}.new`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(encodeSecret(label, secret))
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    await unlink(temporary)
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
