/**
 * The address book in memory, written to the disk a moment later. While a swarm connects libp2p reads and writes the same few
 * entries again and again, and each costs a turn through the database's threads: a seventh of a starting peer's time. What a
 * crash loses is what was learned of others in the last moment.
 */
import { NotFoundError } from '@libp2p/interface'
import { LevelDatastore } from 'datastore-level'

type Key = Parameters<LevelDatastore['put']>[0]
type Options = Parameters<LevelDatastore['put']>[2]

/** Entries kept in memory, a few hundred bytes each; older ones are read from the disk again. */
const MAX_KEPT = 4096
/** From a change to its writing, ms. */
const WRITE_AFTER_MS = 1_000

export class CachedAddressBook extends LevelDatastore {
  /** By key, oldest first; null: there is none. */
  readonly #kept = new Map<string, { readonly key: Key; readonly value: Uint8Array | null }>()
  /** Keys whose entry is not on the disk yet. */
  readonly #unwritten = new Set<string>()
  #writing: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | null = null
  /** Why the last writing failed; the next change says so, and it is tried again. */
  #failure: unknown = null

  override async get(key: Key, options?: Options): Promise<Uint8Array> {
    options?.signal?.throwIfAborted()
    const kept = this.#kept.get(key.toString())
    const value = kept === undefined ? await this.#load(key, options) : kept.value
    if (value === null) throw new NotFoundError()
    return value
  }

  override async has(key: Key, options?: Options): Promise<boolean> {
    options?.signal?.throwIfAborted()
    const kept = this.#kept.get(key.toString())
    return (kept === undefined ? await this.#load(key, options) : kept.value) !== null
  }

  override async put(key: Key, value: Uint8Array, options?: Options): Promise<Key> {
    options?.signal?.throwIfAborted()
    this.#change(key, value)
    return key
  }

  override async delete(key: Key, options?: Options): Promise<void> {
    options?.signal?.throwIfAborted()
    this.#change(key, null)
  }

  override batch(): ReturnType<LevelDatastore['batch']> {
    const changes: [Key, Uint8Array | null][] = []
    return {
      put: (key, value) => void changes.push([key, value]),
      delete: key => void changes.push([key, null]),
      commit: async options => {
        options?.signal?.throwIfAborted()
        for (const [key, value] of changes) this.#change(key, value)
      },
    }
  }

  override async *query(...args: Parameters<LevelDatastore['query']>): ReturnType<LevelDatastore['query']> {
    await this.flush()
    yield* super.query(...args)
  }

  override async *queryKeys(...args: Parameters<LevelDatastore['queryKeys']>): ReturnType<LevelDatastore['queryKeys']> {
    await this.flush()
    yield* super.queryKeys(...args)
  }

  override async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      await super.close()
    }
  }

  /** Resolves once all changes so far are written. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const written = this.#writing.then(() => this.#write())
    this.#writing = written.catch(error => {
      this.#failure = error
    })
    return written
  }

  async #load(key: Key, options: Options): Promise<Uint8Array | null> {
    const name = key.toString()
    const value = await super.get(key, options).catch((error: unknown) => {
      // The store's own class of that name.
      if (error instanceof Error && error.name === 'NotFoundError') return null
      throw error
    })
    // A change that came meanwhile is newer.
    const kept = this.#kept.get(name)
    if (kept !== undefined) return kept.value
    this.#keep(name, key, value)
    return value
  }

  #change(key: Key, value: Uint8Array | null): void {
    const failure = this.#failure
    this.#failure = null
    const name = key.toString()
    this.#keep(name, key, value)
    this.#unwritten.add(name)
    if (this.#timer === null) {
      this.#timer = setTimeout(() => void this.flush().catch(() => undefined), WRITE_AFTER_MS)
      this.#timer.unref()
    }
    if (failure !== null) throw failure
  }

  #keep(name: string, key: Key, value: Uint8Array | null): void {
    this.#kept.delete(name)
    this.#kept.set(name, { key, value })
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT || this.#unwritten.has(oldest)) break
      this.#kept.delete(oldest)
    }
  }

  async #write(): Promise<void> {
    if (this.#unwritten.size === 0) return
    const names = [...this.#unwritten]
    const batch = super.batch()
    for (const name of names) {
      const kept = this.#kept.get(name)
      if (kept === undefined) continue
      if (kept.value === null) batch.delete(kept.key)
      else batch.put(kept.key, kept.value)
    }
    this.#unwritten.clear()
    try {
      await batch.commit()
    } catch (error) {
      for (const name of names) this.#unwritten.add(name)
      throw error
    }
  }
}
