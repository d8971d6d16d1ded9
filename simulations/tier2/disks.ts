/** What can happen to a peer's data folder while its process does not run, and copies that are put back later. */
import { appendFileSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** What a peer needs to be itself; all else it can do without. */
const IDENTITY = new Set(['identity.key', 'account.key', 'manifest.cbor', 'stage'])
/** Belongs to the process, not to the disk. */
const LOCK = /^lock/
/** Files that records are appended to: what was signed, and certificates. */
const APPENDED = /^(signatures$|certificates-)/
/** Of a record whose write was under way: less than its header. */
const UNFINISHED = Uint8Array.of(0x2a, 0, 0, 0, 0x5c, 0x11, 0xd3)

/** Everything but who the peer is. */
export function emptyDisk(folder: string): void {
  for (const name of readdirSync(folder)) if (!IDENTITY.has(name)) rmSync(join(folder, name), { recursive: true })
}

/** As after a loss of power: what was flushed is there, followed by a part of what was being written. */
export function tearDisk(folder: string): void {
  for (const part of ['journal', 'rounds']) {
    const names = existsSync(join(folder, part)) ? readdirSync(join(folder, part)) : []
    for (const name of names) if (APPENDED.test(name)) appendFileSync(join(folder, part, name), UNFINISHED)
  }
}

/** A copy as the disk is now; the process must not write meanwhile. */
export function copyDisk(folder: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  cpSync(folder, to, { recursive: true, filter: path => !LOCK.test(path.slice(folder.length + 1)) })
}

/** The folder is what the copy was. */
export function restoreDisk(copy: string, folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
  cpSync(copy, folder, { recursive: true })
}
