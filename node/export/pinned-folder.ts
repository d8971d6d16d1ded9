/**
 * A peer's files as they are now, to read only. Every file is opened at once and stays open, so a peer that goes on working
 * in the folder, appending, replacing snapshots and dropping old aggregates, changes nothing here; and nothing here, unlike
 * opening a journal to write, cuts an unfinished tail or removes an unfinished file.
 */
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { AppendFile, Storage } from '../journal/index.ts'

interface Pinned {
  readonly handle: FileHandle
  /** Length when it was opened; what is appended later does not exist here. */
  readonly bytes: number
}

/** {@link Storage} that rejects every change. A folder that does not exist is empty. */
export class PinnedFolder implements Storage {
  readonly #folder: string
  readonly #files: ReadonlyMap<string, Pinned>
  #openForAppend = 0

  private constructor(folder: string, files: ReadonlyMap<string, Pinned>) {
    this.#folder = folder
    this.#files = files
  }

  static async open(folder: string): Promise<PinnedFolder> {
    const files = new Map<string, Pinned>()
    for (const name of await namesIn(folder)) {
      const handle = await open(join(folder, name), 'r').catch(ifGone)
      const stat = await handle?.stat()
      if (handle !== null && stat?.isFile() === true) files.set(name, { handle, bytes: stat.size })
      else await handle?.close()
    }
    return new PinnedFolder(folder, files)
  }

  async read(name: string): Promise<Uint8Array | null> {
    return this.readAt(name, 0, this.#files.get(name)?.bytes ?? 0)
  }

  async readAt(name: string, offset: number, bytes: number): Promise<Uint8Array | null> {
    const file = this.#files.get(name)
    if (file === undefined) return null
    const into = new Uint8Array(Math.max(0, Math.min(bytes, file.bytes - offset)))
    let filled = 0
    while (filled < into.length) {
      const { bytesRead } = await file.handle.read(into, filled, into.length - filled, offset + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return into.subarray(0, filled)
  }

  async size(name: string): Promise<number | null> {
    return this.#files.get(name)?.bytes ?? null
  }

  /** A store opens its files to append; here that changes nothing. When it has closed all of them, the folder closes. */
  async append(name: string): Promise<AppendFile> {
    this.#openForAppend++
    return {
      append: () => this.#refuse(name),
      flush: () => this.#refuse(name),
      close: async () => {
        if (--this.#openForAppend === 0) await this.close()
      },
    }
  }

  replace(name: string): Promise<never> {
    return this.#refuse(name)
  }

  write(name: string): Promise<never> {
    return this.#refuse(name)
  }

  open(name: string): Promise<never> {
    return this.#refuse(name)
  }

  rename(name: string): Promise<never> {
    return this.#refuse(name)
  }

  remove(name: string): Promise<never> {
    return this.#refuse(name)
  }

  async list(): Promise<string[]> {
    return [...this.#files.keys()].sort()
  }

  async close(): Promise<void> {
    for (const { handle } of this.#files.values()) await handle.close()
  }

  async #refuse(name: string): Promise<never> {
    throw new Error(`${join(this.#folder, name)} was opened to be read only`)
  }
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(ifGone)
  // '.new' is the journal's mark of a replacement that was never finished. Backwards: what is written last, certificates
  // before snapshots and aggregates before certificates, is opened first, so nothing here lacks what it rests on.
  return (names ?? [])
    .filter(name => !name.endsWith('.new'))
    .sort()
    .reverse()
}

/** A file may be replaced or dropped between listing and opening; then it is as if it had never been listed. */
function ifGone(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
  throw error
}
