/**
 * One process a data folder. Who wants the folder first puts down a claim, a file with a name of its own, and has the folder
 * when a look after that shows no other live claim. Of two that come at once, the later to claim sees the other, so never
 * both have it. One lock file that is taken over when stale does not give that: between reading and removing it, another
 * process may have removed the stale one and put down its own, which is then removed in its place.
 *
 * The claim is the file's name, `lock.<pid>.<start>.<uuid>`, so it is there whole or not at all. It names process id and
 * start time: a claim left behind by kill -9 or a power cut is recognised also when the id has been given to another
 * process since, and as no name is ever used twice, removing a dead claim can hurt nobody.
 */
import { createHash, randomInt, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FolderLocked, FolderUnusable } from './errors.ts'
import { isAlive, processStart } from './process-start.ts'
import { isMissing } from './secret-file.ts'

/** How often a process looks before it says that the folder is locked. */
const LOOKS_MAX = 10
/** Wait between two looks, ms: drawn anew each time, so that processes that started together part. */
const WAIT_MIN_MS = 5
const WAIT_MAX_MS = 40

/** Stands for a start time that the platform does not tell. */
const UNKNOWN_START = 'unknown'

export interface FolderLock {
  /** The claim's file. */
  readonly path: string
  /** Gives the folder free; twice is harmless. */
  release(): Promise<void>
}

interface Claim {
  readonly name: string
  readonly pid: number
  readonly start: string
}

/** Creates the folder if need be. Rejects with {@link FolderLocked} while another process has it. */
export async function lockDataFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(cause => {
    throw new FolderUnusable(folder, cause)
  })
  const name = `lock.${process.pid}.${startOf(process.pid)}.${randomUUID()}`
  const path = join(folder, name)
  let rival: Claim | undefined
  let claimed = false
  for (let look = 0; look < LOOKS_MAX; look++) {
    if (!claimed) await claim(path, folder)
    const rivals = await liveClaims(folder, name)
    rival = rivals[0]
    if (rival === undefined) return { path, release: () => remove(path) }
    // Of several that claim at once the first by name stays and looks again, the others step back for it.
    claimed = rivals.every(other => name < other.name)
    if (!claimed) await remove(path)
    await sleep(randomInt(WAIT_MIN_MS, WAIT_MAX_MS))
  }
  await remove(path)
  throw new FolderLocked(folder, rival?.pid ?? 0)
}

/** Process id of the live holder of a folder, or null; changes nothing. */
export async function lockHolder(folder: string): Promise<number | null> {
  return (await readdir(folder)).flatMap(parse).find(isHeld)?.pid ?? null
}

async function claim(path: string, folder: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close()
  } catch (cause) {
    throw new FolderUnusable(folder, cause)
  }
}

/** Claims of live processes but the one named; those of dead ones are removed. */
async function liveClaims(folder: string, except: string): Promise<readonly Claim[]> {
  const claims = (await readdir(folder)).flatMap(parse).filter(({ name }) => name !== except)
  const dead = claims.filter(claim => !isHeld(claim))
  await Promise.all(dead.map(({ name }) => remove(join(folder, name))))
  return claims.filter(claim => !dead.includes(claim))
}

function parse(name: string): readonly Claim[] {
  const match = /^lock\.([1-9]\d{0,9})\.([0-9a-f]{16}|unknown)\.[0-9a-f-]{36}$/.exec(name)
  const [, pid, start] = match ?? []
  return pid === undefined || start === undefined ? [] : [{ name, pid: Number(pid), start }]
}

function isHeld({ pid, start }: Claim): boolean {
  if (!isAlive(pid)) return false
  const current = startOf(pid)
  return current === UNKNOWN_START || start === UNKNOWN_START || current === start
}

/** The start time as a part of a file name. */
export function startOf(pid: number): string {
  const start = processStart(pid)
  return start === null ? UNKNOWN_START : createHash('sha256').update(start).digest('hex').slice(0, 16)
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch(error => {
    if (!isMissing(error)) throw error
  })
}
