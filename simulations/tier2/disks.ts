/** What can happen to a peer's data folder while its process does not run, and copies that are put back later. */
import { cpSync, existsSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

/** What a peer needs to be itself; all else it can do without. */
const IDENTITY = new Set(['identity.key', 'account.key', 'manifest.cbor', 'stage'])
/** Belongs to the process, not to the disk. */
const LOCK = /^lock/
/** Bytes that a torn write leaves out: less than any record. */
const TORN_BYTES = 7

/** Everything but who the peer is. */
export function emptyDisk(folder: string): void {
  for (const name of readdirSync(folder)) if (!IDENTITY.has(name)) rmSync(join(folder, name), { recursive: true })
}

/** The last record of the journal and of each file of certificates is incomplete, as after a loss of power. */
export function tearDisk(folder: string): void {
  const files = [
    join(folder, 'journal', 'signatures'),
    ...certificateFiles(join(folder, 'rounds')).map(name => join(folder, 'rounds', name)),
  ]
  for (const file of files) {
    const bytes = existsSync(file) ? statSync(file).size : 0
    if (bytes > TORN_BYTES) truncateSync(file, bytes - TORN_BYTES)
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

function certificateFiles(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter(name => name.startsWith('certificates-')) : []
}
