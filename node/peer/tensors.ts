/**
 * The bytes behind the work machine's tensor handles, with the signed headers that led to them. Bounded by the machine: it
 * releases every handle, and its own limits say how many it holds.
 */
import type { HeaderChain, Outgoing } from '../../protocols/activations/types.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'

export interface Tensor {
  readonly bytes: Uint8Array
  /** Who sent it; null for what was drawn or computed here. */
  readonly from: PeerName | null
  /**
   * The headers that led here: of a received tensor, its own is the newest; of a computed one, those of the tensor it was
   * computed from, which its header will extend. Null for drawn tokens and what the source computes from them.
   */
  readonly chain: HeaderChain | null
  /** Signed when it is first sent; a tensor that goes to a sibling too keeps its header. */
  outgoing: Promise<Outgoing> | null
}

export class TensorStore {
  readonly #tensors = new Map<string, Tensor>()
  #next = 0

  add(tensor: Tensor): string {
    const handle = `t${this.#next++}`
    this.#tensors.set(handle, tensor)
    return handle
  }

  get(handle: string): Tensor {
    const tensor = this.#tensors.get(handle)
    if (tensor === undefined) throw new Error(`tensor ${handle} was released`)
    return tensor
  }

  release(handle: string): void {
    this.#tensors.delete(handle)
  }

  get size(): number {
    return this.#tensors.size
  }
}

/** Euclidean norm of f32 little-endian values, summed in f64. */
export function normOf(bytes: Uint8Array): number {
  let sum = 0
  for (const value of floatsOf(bytes)) sum += value * value
  return Math.sqrt(sum)
}

/** A scaled copy. */
export function scaled(bytes: Uint8Array, factor: number): Uint8Array {
  const copy = floatsOf(bytes).map(value => value * factor)
  return new Uint8Array(copy.buffer)
}

function floatsOf(bytes: Uint8Array): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4)
}
