/** A snapshot on its way from siblings, in memory: a stage's state fits there, since the engine holds it too. */
import type { SnapshotSink } from '../../protocols/state/index.ts'
import { SNAPSHOT_CHUNK_BYTES } from '../../protocols/state/index.ts'

export class SnapshotMemory implements SnapshotSink {
  readonly #maxBytes: number
  readonly #held = new Set<number>()
  #bytes = new Uint8Array(0)

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  begin(bytes: number): Promise<void> {
    if (bytes > this.#maxBytes)
      return Promise.reject(new RangeError(`a snapshot of ${bytes} bytes where ${this.#maxBytes} are expected`))
    if (this.#bytes.length !== bytes) {
      this.#bytes = new Uint8Array(bytes)
      this.#held.clear()
    }
    return Promise.resolve()
  }

  has(index: number): boolean {
    return this.#held.has(index)
  }

  put(index: number, bytes: Uint8Array): Promise<void> {
    this.#bytes.set(bytes, index * SNAPSHOT_CHUNK_BYTES)
    this.#held.add(index)
    return Promise.resolve()
  }
}
