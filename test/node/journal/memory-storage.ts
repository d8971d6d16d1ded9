/** A disk in memory that can lose what was not flushed, fail, and be damaged. */
import type { AppendFile, PlacedFile, Storage } from '../../../node/journal/storage.ts'

export class MemoryStorage implements Storage {
  readonly files = new Map<string, Uint8Array>()
  /** Bytes of each file that a loss of power leaves. */
  readonly flushed = new Map<string, Uint8Array>()
  flushes = 0
  failing = false
  /** Awaited by every flush. */
  gate: Promise<void> = Promise.resolve()

  async read(name: string): Promise<Uint8Array | null> {
    return this.files.get(name) ?? null
  }

  async readAt(name: string, offset: number, bytes: number): Promise<Uint8Array | null> {
    return this.files.get(name)?.slice(offset, offset + bytes) ?? null
  }

  async size(name: string): Promise<number | null> {
    return this.files.get(name)?.length ?? null
  }

  async append(name: string, length: number): Promise<AppendFile> {
    this.files.set(name, (this.files.get(name) ?? new Uint8Array(0)).slice(0, length))
    return {
      append: async bytes => {
        if (this.failing) throw new Error('the disk is full')
        this.files.set(name, joined(this.files.get(name)!, bytes))
      },
      flush: async () => {
        this.flushes += 1
        await this.gate
        if (this.failing) throw new Error('the disk is full')
        this.flushed.set(name, this.files.get(name)!)
      },
      close: async () => {},
    }
  }

  async replace(name: string, parts: readonly Uint8Array[]): Promise<void> {
    if (this.failing) throw new Error('the disk is full')
    this.files.set(name, joined(...parts))
    this.flushed.set(name, this.files.get(name)!)
  }

  async open(name: string): Promise<PlacedFile> {
    if (!this.files.has(name)) this.files.set(name, new Uint8Array(0))
    return {
      write: async (offset, bytes) => {
        if (this.failing) throw new Error('the disk is full')
        const before = this.files.get(name)!
        const all = new Uint8Array(Math.max(before.length, offset + bytes.length))
        all.set(before)
        all.set(bytes, offset)
        this.files.set(name, all)
      },
      flush: async () => {
        if (this.failing) throw new Error('the disk is full')
        this.flushed.set(name, this.files.get(name)!)
      },
      close: async () => {},
    }
  }

  async rename(from: string, to: string): Promise<void> {
    for (const files of [this.files, this.flushed]) {
      const bytes = files.get(from)
      files.delete(from)
      if (bytes !== undefined) files.set(to, bytes)
    }
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name)
    this.flushed.delete(name)
  }

  async list(): Promise<string[]> {
    return [...this.files.keys()].sort()
  }

  /** What a machine finds after a loss of power. */
  afterPowerLoss(): MemoryStorage {
    const found = new MemoryStorage()
    for (const [name, bytes] of this.flushed) found.files.set(name, bytes.slice())
    return found
  }

  flipBit(name: string, offset: number): void {
    const bytes = this.files.get(name)!
    bytes[offset] = bytes[offset]! ^ 1
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    all.set(part, offset)
    offset += part.length
  }
  return all
}
