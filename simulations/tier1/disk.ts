/**
 * A peer's disk in memory, as node/peer asks for it: what was appended and not flushed may be lost with the process, what was
 * closed and not flushed with the power; and a restart may find the disk empty or as it was some time ago.
 */
import { MemoryDatastore } from 'datastore-core'
import type { AppendFile, PlacedFile, Storage } from '../../node/journal/index.ts'
import type { PeerDisk } from '../../node/peer/disk.ts'
import type { Evidence } from '../../protocols/wire/messages.ts'
import type { DiskLoss } from '../kernel/disk.ts'
import { afterPowerLoss } from '../kernel/power-loss.ts'
import type { RandomStream } from '../kernel/random.ts'

/** A flush of a small machine's disk, ms. */
const FSYNC_MS = 4

type Datastore = MemoryDatastore & { close(): void }

/** It is the disk that is closed, not its content. */
export function openDatastore(): Datastore {
  return Object.assign(new MemoryDatastore(), { close: () => undefined })
}

interface File {
  bytes: Uint8Array
  length: number
  /** So many of the bytes survive the process for certain. */
  written: number
  /** So many of the bytes survive a loss of power for certain. */
  flushed: number
}

type Files = Map<string, File>

export class SimDisk {
  readonly evidence: Evidence[] = []
  #folders = new Map<string, Files>()
  #copy: Map<string, Files> | null = null
  #records: Uint8Array | null = null
  #datastore = openDatastore()
  isFull = false
  /** Called before and after each flush of the journal; what throws kills nothing else. */
  onFlush: ((moment: 'before' | 'after') => void) | null = null
  /** As the node noted it. */
  seat: number | null = null
  #moving: SimDisk | null = null

  #moved(): SimDisk {
    this.#moving ??= new SimDisk()
    return this.#moving
  }

  #takeMoved(): void {
    const moved = this.#moved()
    this.#folders = moved.#folders
    this.seat = moved.seat
    this.#moving = null
  }

  /** As one life of the peer's process sees it. */
  open(): PeerDisk {
    const flushed = (): Promise<void> => new Promise(resolve => setTimeout(resolve, FSYNC_MS))
    const journaled = async (): Promise<void> => {
      this.onFlush?.('before')
      await flushed()
      this.onFlush?.('after')
    }
    return {
      openJournal: async () => new SimFolder(this, this.#folder('journal'), journaled),
      openRounds: async () => new SimFolder(this, this.#folder('rounds'), flushed),
      openCheckpoints: async () => new SimFolder(this, this.#folder('checkpoints'), flushed),
      openEpochs: async () => new SimFolder(this, this.#folder('chain'), flushed),
      records: {
        read: async () => this.#records,
        write: async bytes => {
          await flushed()
          this.#records = bytes.slice()
        },
      },
      evidence: { append: evidence => void this.evidence.push(evidence) },
      seat: () => this.seat,
      // Nobody sits before a simulated peer.
      request: () => null,
      clearRequest: () => undefined,
      noteSeat: stage => {
        this.seat = stage
      },
      moving: () => this.#moved().open(),
      takeMoved: () => this.#takeMoved(),
    }
  }

  /** The address book and the DHT's values. */
  get datastore(): Datastore {
    return this.#datastore
  }

  /** The process is gone: of what it was appending some is there, or none. */
  crash(random: RandomStream): void {
    for (const files of this.#folders.values())
      for (const file of files.values()) file.length = file.written + random.below(file.length - file.written + 1)
  }

  /** Remembers what is there, for a restart from an old copy. */
  backUp(): void {
    this.#copy = copyOf(this.#folders)
  }

  lose(loss: DiskLoss, random: RandomStream): void {
    if (loss === 'none') return
    if (loss === 'empty') {
      this.#folders = new Map()
      this.#records = null
      this.#datastore = openDatastore()
    }
    if (loss === 'stale') this.#folders = copyOf(this.#copy ?? new Map())
    if (loss === 'torn') {
      for (const files of this.#folders.values())
        for (const [name, { bytes, length, flushed }] of files)
          files.set(name, fileOf(afterPowerLoss(bytes.subarray(0, length), flushed, random)))
    }
  }

  #folder(name: string): Files {
    let files = this.#folders.get(name)
    if (files === undefined) {
      files = new Map()
      this.#folders.set(name, files)
    }
    return files
  }
}

function copyOf(folders: ReadonlyMap<string, Files>): Map<string, Files> {
  return new Map(
    [...folders].map(([name, files]) => [
      name,
      new Map([...files].map(([file, { bytes, written }]) => [file, fileOf(bytes.slice(0, written))])),
    ]),
  )
}

function fileOf(bytes: Uint8Array): File {
  return { bytes, length: bytes.length, written: bytes.length, flushed: bytes.length }
}

class SimFolder implements Storage {
  readonly #disk: SimDisk
  readonly #files: Files
  readonly #flushed: () => Promise<void>

  constructor(disk: SimDisk, files: Files, flushed: () => Promise<void>) {
    this.#disk = disk
    this.#files = files
    this.#flushed = flushed
  }

  async read(name: string): Promise<Uint8Array | null> {
    const file = this.#files.get(name)
    return file === undefined ? null : file.bytes.slice(0, file.length)
  }

  async readAt(name: string, offset: number, bytes: number): Promise<Uint8Array | null> {
    const file = this.#files.get(name)
    return file === undefined ? null : file.bytes.slice(offset, Math.min(file.length, offset + bytes))
  }

  async size(name: string): Promise<number | null> {
    return this.#files.get(name)?.length ?? null
  }

  async append(name: string, length: number): Promise<AppendFile> {
    let file = this.#files.get(name)
    if (file === undefined) {
      file = fileOf(new Uint8Array(0))
      this.#files.set(name, file)
    }
    file.length = Math.min(file.length, length)
    file.written = file.length
    file.flushed = file.length
    await this.#flushed()
    return new SimFile(this.#disk, file, this.#flushed)
  }

  async replace(name: string, parts: readonly Uint8Array[]): Promise<void> {
    await this.#flushed()
    refuseWhereFull(this.#disk)
    this.#files.set(name, fileOf(Buffer.concat(parts)))
  }

  async open(name: string): Promise<PlacedFile> {
    const file = this.#files.get(name) ?? fileOf(new Uint8Array(0))
    this.#files.set(name, file)
    return new SimFile(this.#disk, file, this.#flushed)
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.#files.get(from)
    await this.#flushed()
    this.#files.delete(from)
    if (file !== undefined) this.#files.set(to, file)
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name)
  }

  async list(): Promise<string[]> {
    return [...this.#files.keys()].sort()
  }
}

class SimFile implements AppendFile, PlacedFile {
  readonly #disk: SimDisk
  readonly #file: File
  readonly #flushed: () => Promise<void>

  constructor(disk: SimDisk, file: File, flushed: () => Promise<void>) {
    this.#disk = disk
    this.#file = file
    this.#flushed = flushed
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.write(this.#file.length, bytes)
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    refuseWhereFull(this.#disk)
    const file = this.#file
    const needed = offset + bytes.length
    if (needed > file.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * file.bytes.length))
      grown.set(file.bytes.subarray(0, file.length))
      file.bytes = grown
    }
    // A torn tail may still lie there.
    if (offset > file.length) file.bytes.fill(0, file.length, offset)
    file.bytes.set(bytes, offset)
    file.length = Math.max(file.length, needed)
  }

  async flush(): Promise<void> {
    const { length } = this.#file
    await this.#flushed()
    this.#file.written = Math.max(this.#file.written, length)
    this.#file.flushed = Math.max(this.#file.flushed, length)
  }

  /** It is the system's now, but on no disk yet. */
  async close(): Promise<void> {
    this.#file.written = Math.max(this.#file.written, this.#file.length)
  }
}

function refuseWhereFull(disk: SimDisk): void {
  if (disk.isFull) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
}
