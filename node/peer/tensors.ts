/**
 * The bytes behind the work machine's tensor handles, with the signed headers that led to them. Bounded by the machine: it
 * releases every handle, and its own limits say how many it holds.
 */
import type { HeaderChain, Outgoing } from '../../protocols/activations/types.ts'
import { codecOf } from '../../protocols/wire/encodings.ts'
import type { Encoding, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'

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

/** Euclidean norm of the values, summed in f64. */
export function normOf(bytes: Uint8Array, encoding: Encoding): number {
  let sum = 0
  const values = floatsOf(bytes, encoding)
  for (let index = 0; index < values.length; index++) sum += values[index]! * values[index]!
  return Math.sqrt(sum)
}

/** A scaled copy. */
export function scaled(bytes: Uint8Array, factor: number, encoding: Encoding): Uint8Array {
  return codecOf(encoding).encode(floatsOf(bytes, encoding).map(value => value * factor))
}

function floatsOf(bytes: Uint8Array, encoding: Encoding): Float32Array {
  const codec = codecOf(encoding)
  const values = codec.decode(bytes, codec.valuesIn(bytes.byteLength))
  if (isRefusal(values)) throw new RangeError(values.detail)
  return values
}
