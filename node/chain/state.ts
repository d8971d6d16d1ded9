/**
 * The chain's whole state as one map of versions: what a key held after which block. Chopsticks stacks a layer a block
 * instead, so that its reads slow down with every block and an old block drags all earlier ones into memory.
 * About 4 kB a block.
 */
import type { StorageLayerProvider, StorageValue } from '@acala-network/chopsticks-core'

interface Version {
  readonly height: number
  /** Hex; undefined where the block deleted the key. */
  readonly value: string | undefined
}

/** What a block changed: null deletes. */
export type Changes = Readonly<Record<string, string | null>>

export class VersionedState {
  readonly #versions = new Map<string, Version[]>()
  /** Every key that ever was, sorted: storage is walked in this order. */
  readonly #keys: string[]

  constructor(genesis: Readonly<Record<string, string>>) {
    for (const [key, value] of Object.entries(genesis)) this.#versions.set(key, [{ height: 0, value }])
    this.#keys = Object.keys(genesis).sort()
  }

  get(key: string, height: number): string | undefined {
    const versions = this.#versions.get(key)
    if (versions === undefined) return undefined
    for (let i = versions.length - 1; i >= 0; i--) {
      const version = versions[i]!
      if (version.height <= height) return version.value
    }
    return undefined
  }

  /** The part of `written` that differs from the state after block `height`: chopsticks' writes include what was only read. */
  changes(written: Readonly<Record<string, string | null | undefined>>, height: number): Changes {
    const changed: Record<string, string | null> = {}
    for (const [key, value] of Object.entries(written)) {
      if ((value ?? undefined) !== this.get(key, height)) changed[key] = value ?? null
    }
    return changed
  }

  /** Adds block `height`; blocks come in order. */
  apply(height: number, changes: Changes): void {
    for (const [key, value] of Object.entries(changes)) {
      const version = { height, value: value ?? undefined }
      const versions = this.#versions.get(key)
      if (versions === undefined) {
        this.#versions.set(key, [version])
        this.#keys.splice(this.#indexAfter(key), 0, key)
      } else {
        versions.push(version)
      }
    }
  }

  /** First key after `start` that begins with `prefix` and exists at `height`. */
  nextKey(prefix: string, start: string, height: number): string | undefined {
    // A start below the prefix leaves only keys of the prefix itself to find, the bare prefix not among them.
    for (let i = this.#indexAfter(start > prefix ? start : prefix); i < this.#keys.length; i++) {
      const key = this.#keys[i]!
      if (!key.startsWith(prefix)) return undefined
      if (this.get(key, height) !== undefined) return key
    }
    return undefined
  }

  /** The state after block `height`, as chopsticks reads it. */
  at(height: number): StorageLayerProvider {
    const get = async (key: string): Promise<StorageValue> => this.get(key, height)
    return {
      deleted: () => false,
      get,
      getMany: keys => Promise.all(keys.map(get)),
      findNextKey: async (prefix, startKey) => this.nextKey(prefix, startKey, height),
      getKeysPaged: async (prefix, pageSize, startKey) => {
        const keys: string[] = []
        let last = startKey === '0x' ? prefix : startKey
        while (keys.length < pageSize) {
          const next = this.nextKey(prefix, last, height)
          if (next === undefined) break
          keys.push(next)
          last = next
        }
        return keys
      },
    }
  }

  /** Index of the first key that is greater than `key`. */
  #indexAfter(key: string): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#keys[middle]! <= key) low = middle + 1
      else high = middle
    }
    return low
  }
}
