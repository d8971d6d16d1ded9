/** What a peer's folder tells about it, whether it runs or not. */
import { lstat, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { lockHolder } from '../identity/index.ts'
import { type PeerStatus, STATUS_VERSION } from './types.ts'
import { HEARTBEAT_MS, STATUS_FILE } from './writer.ts'

/** A peer whose file is older than this is stuck, ms: three heartbeats. */
export const STALE_MS = 3 * HEARTBEAT_MS
const MAX_STATUS_BYTES = 64 * 1024
/** Far more files than a peer keeps; beyond it the sum is a lower bound. */
const MAX_FILES = 100_000

/** `silent`: the process is there but has not written for long. `died`: it ended without saying so. `never`: it never ran here. */
export type Life = 'running' | 'silent' | 'stopped' | 'died' | 'never'

export interface FolderStatus {
  readonly folder: string
  readonly life: Life
  /** Null where the peer never ran, or another version wrote the file. */
  readonly status: PeerStatus | null
  /** Milliseconds since the file was written; null without one. */
  readonly ageMs: number | null
  readonly diskBytes: number
}

export function judgeLife(status: PeerStatus | null, holder: number | null, ageMs: number): Life {
  if (holder !== null) return status?.pid === holder && ageMs <= STALE_MS ? 'running' : 'silent'
  if (status === null) return 'never'
  return status.stopped === null ? 'died' : 'stopped'
}

export async function readFolderStatus(folder: string, nowMs: number): Promise<FolderStatus> {
  const [status, holder, diskBytes] = await Promise.all([
    readStatus(join(folder, STATUS_FILE)),
    lockHolder(folder),
    bytesIn(folder),
  ])
  const ageMs = status === null ? null : Math.max(0, nowMs - status.updatedMs)
  return { folder, life: judgeLife(status, holder, ageMs ?? 0), status, ageMs, diskBytes }
}

async function readStatus(path: string): Promise<PeerStatus | null> {
  try {
    if ((await stat(path)).size > MAX_STATUS_BYTES) return null
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    return isStatus(value) ? value : null
  } catch (error) {
    // Not there, or not whole: it is only for people to look at.
    if (error instanceof SyntaxError || isMissing(error)) return null
    throw error
  }
}

/** Its version tells its shape; only our own peer writes it. */
function isStatus(value: unknown): value is PeerStatus {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === STATUS_VERSION
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Sum of the files' sizes, links not followed; files that go meanwhile do not count. */
async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  let files = 0
  const folders = [folder]
  for (let next = folders.pop(); next !== undefined && files < MAX_FILES; next = folders.pop()) {
    const entries = await readdir(next, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      files++
      const path = join(next, entry.name)
      if (entry.isDirectory()) folders.push(path)
      else if (entry.isFile())
        bytes += await lstat(path).then(
          ({ size }) => size,
          () => 0,
        )
    }
  }
  return bytes
}
