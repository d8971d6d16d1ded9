/** Boundary tensors that a peer holds, under the handles that the work machine knows. */
import type { PeerName } from '../../protocols/wire/messages.ts'

export interface SimTensor {
  readonly bytes: Uint8Array
  /** Who signed the headers that led here. */
  readonly path: readonly PeerName[]
}

export class SimTensors {
  readonly #held = new Map<string, SimTensor>()
  #next = 0

  get size(): number {
    return this.#held.size
  }

  add(tensor: SimTensor): string {
    const handle = `t${this.#next++}`
    this.#held.set(handle, tensor)
    return handle
  }

  get(handle: string): SimTensor {
    const tensor = this.#held.get(handle)
    if (tensor === undefined) throw new Error(`tensor ${handle} was released`)
    return tensor
  }

  release(handle: string): void {
    this.#held.delete(handle)
  }
}
