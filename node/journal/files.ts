/** {@link Storage} in a folder. */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { COPY_CHUNK_BYTES } from './constants.ts'
import type { AppendFile, PlacedFile, Storage } from './storage.ts'

/** A file of this ending is a replacement that was never finished. */
const UNFINISHED = '.new'

/** Opens (and creates) the folder and removes what an interrupted replacement left behind. */
export async function openFolder(folder: string): Promise<Storage> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder)) {
    if (name.endsWith(UNFINISHED)) await rm(join(folder, name), { force: true })
  }
  return new Folder(folder)
}

class Folder implements Storage {
  readonly #folder: string
  /** A flush that has not begun yet: whoever asks meanwhile waits for the same one. */
  #nextFlush: Promise<void> | null = null
  #flushing: Promise<void> = Promise.resolve()

  constructor(folder: string) {
    this.#folder = folder
  }

  async read(name: string): Promise<Uint8Array | null> {
    const bytes = await orNull(readFile(this.#path(name)))
    return bytes === null ? null : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  async readAt(name: string, offset: number, bytes: number): Promise<Uint8Array | null> {
    const file = await orNull(open(this.#path(name), 'r'))
    if (file === null) return null
    try {
      const into = new Uint8Array(bytes)
      let filled = 0
      while (filled < bytes) {
        const { bytesRead } = await file.read(into, filled, bytes - filled, offset + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return into.subarray(0, filled)
    } finally {
      await file.close()
    }
  }

  async size(name: string): Promise<number | null> {
    const found = await orNull(stat(this.#path(name)))
    return found === null ? null : found.size
  }

  async append(name: string, length: number): Promise<AppendFile> {
    const file = await open(this.#path(name), constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      await file.truncate(length)
      await file.sync()
      await this.#flushFolder()
    } catch (error) {
      await file.close()
      throw error
    }
    return new FolderFile(file, length)
  }

  async replace(name: string, parts: readonly Uint8Array[]): Promise<void> {
    const unfinished = this.#path(name) + UNFINISHED
    try {
      const file = await open(unfinished, 'w', 0o600)
      try {
        let offset = 0
        for (const part of parts) offset = await writeAll(file, part, offset)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(unfinished, this.#path(name))
    } catch (error) {
      // On a full disk it would keep the last room from what matters more.
      await rm(unfinished, { force: true })
      throw error
    }
    await this.#flushFolder()
  }

  async open(name: string): Promise<PlacedFile> {
    const file = await open(this.#path(name), constants.O_RDWR | constants.O_CREAT, 0o600)
    return {
      write: async (offset, bytes) => void (await writeAll(file, bytes, offset)),
      flush: () => file.sync(),
      close: () => file.close(),
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(this.#path(from), this.#path(to))
    await this.#flushFolder()
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name), { force: true })
  }

  async list(): Promise<string[]> {
    return (await readdir(this.#folder)).filter(name => !name.endsWith(UNFINISHED)).sort()
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }

  /**
   * A rename or a new file survives a loss of power only once its folder is flushed; Windows has no such call. Hundreds of
   * partitions come at a time: those that wait while one flush runs share the next.
   */
  #flushFolder(): Promise<void> {
    if (process.platform === 'win32') return Promise.resolve()
    if (this.#nextFlush !== null) return this.#nextFlush
    const next = this.#flushing.then(() => {
      this.#nextFlush = null
      return flushFolder(this.#folder)
    })
    this.#nextFlush = next
    // Who waited for it hears of its failure; the next one is another try.
    this.#flushing = next.catch(() => undefined)
    return next
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

class FolderFile implements AppendFile {
  readonly #file: FileHandle
  #length: number

  constructor(file: FileHandle, length: number) {
    this.#file = file
    this.#length = length
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#length = await writeAll(this.#file, bytes, this.#length)
  }

  async flush(): Promise<void> {
    await this.#file.datasync()
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** Writes at `offset` and returns the offset after it; a short write is continued. */
async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<number> {
  let written = 0
  while (written < bytes.length) {
    const length = Math.min(COPY_CHUNK_BYTES, bytes.length - written)
    const { bytesWritten } = await file.write(bytes, written, length, offset + written)
    written += bytesWritten
  }
  return offset + written
}

async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
