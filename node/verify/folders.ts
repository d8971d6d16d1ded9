/** The peers' folders under a data folder, opened to read only, and whether their files are what was written. */
import { join, relative } from 'node:path'
import { decode, encode } from '@ipld/dag-cbor'
import { arrayOf, integer, nullable, object } from '../../protocols/wire/fields.ts'
import { concatBytes, equalBytes } from '../../protocols/wire/hash.ts'
import { hash } from '../../protocols/wire/message-fields.ts'
import type { Hash } from '../../protocols/wire/messages.ts'
import { ROUNDS_FOLDER, readRounds } from '../export/history.ts'
import { PinnedFolder } from '../export/pinned-folder.ts'
import { SNAPSHOT_HEAD_MAX_BYTES } from '../journal/constants.ts'
import type { RoundStore, SnapshotHead } from '../journal/index.ts'
import { encodeRecord, readRecord, recordBytes } from '../journal/records.ts'
import { digestOf } from '../peer/digest.ts'
import { type Run, readSeat } from '../run/folder.ts'
import type { Fault } from './types.ts'

export interface PeerFolder {
  /** As shown: relative to the data folder. */
  readonly name: string
  /** The stage whose state it keeps; null for a peer that never knew its seat. */
  readonly stage: number | null
  readonly store: RoundStore
}

export interface OpenedFolders {
  readonly folders: readonly PeerFolder[]
  readonly faults: readonly Fault[]
}

/** A folder that cannot be read is a fault; the others are still opened. Close their stores when done. */
export async function openFolders(data: string, paths: readonly string[], run: Run): Promise<OpenedFolders> {
  const folders: PeerFolder[] = []
  const faults: Fault[] = []
  for (const path of paths) {
    const name = nameOf(data, path)
    const stage = readSeat(path)
    if (stage !== null && stage >= run.manifest.stages) {
      faults.push({ where: name, what: `it says that its peer sits in stage ${stage} of ${run.manifest.stages}` })
      continue
    }
    try {
      folders.push({ name, stage, store: await readRounds(path, run, stage ?? 0) })
      faults.push(...(await snapshotFaults(path, name)))
    } catch (error) {
      if (!(error instanceof Error) || isSystemError(error)) throw error
      // Damaged, or whole records of something that no peer writes.
      faults.push({ where: `${name}/${ROUNDS_FOLDER}`, what: error.message })
    }
  }
  return { folders, faults }
}

export function nameOf(data: string, path: string): string {
  return relative(data, path) || '.'
}

/** The store passes over a snapshot that it cannot read and takes the older one; here that is a fault. */
async function snapshotFaults(path: string, name: string): Promise<Fault[]> {
  const storage = await PinnedFolder.open(join(path, ROUNDS_FOLDER))
  try {
    const faults: Fault[] = []
    for (const file of (await storage.list()).filter(each => each.startsWith('snapshot-'))) {
      const where = `${name}/${ROUNDS_FOLDER}/${file}`
      if (!(await isIntact(storage, file))) faults.push({ where, what: 'the snapshot is damaged' })
    }
    return faults
  } finally {
    await storage.close()
  }
}

/** Every byte: the head is written again and compared, the state behind it has a checksum in the head. */
async function isIntact(storage: PinnedFolder, file: string): Promise<boolean> {
  const payload = await readRecord(storage, file, 0, SNAPSHOT_HEAD_MAX_BYTES)
  const bytes = await storage.read(file)
  if (payload === null || bytes === null) return false
  const head: unknown = decode(payload)
  if (!isHead(head)) return false
  const state = bytes.subarray(recordBytes(payload.length))
  const written = concatBytes(encodeRecord(encode(head)))
  return (
    equalBytes(written, bytes.subarray(0, written.length)) &&
    state.length === head.bytes &&
    equalBytes(await digestOf(state), head.checksum)
  )
}

interface StoredHead extends SnapshotHead {
  readonly bytes: number
  readonly checksum: Hash
}

const counter = integer(0, Number.MAX_SAFE_INTEGER)

const HEAD = object<StoredHead>({
  round: counter,
  link: hash,
  state: hash,
  fullRoot: nullable(hash),
  leaves: arrayOf(hash, Number.MAX_SAFE_INTEGER),
  bytes: counter,
  checksum: hash,
})

function isHead(value: unknown): value is StoredHead {
  return HEAD(value, '') === null
}

/** The disk's or the system's fault, which says nothing about the folder's content. */
function isSystemError(error: Error): boolean {
  return 'code' in error && 'syscall' in error
}
