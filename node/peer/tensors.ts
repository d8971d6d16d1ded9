/**
 * The bytes behind the work machine's tensor handles, with the signed headers that led to them. Bounded by the machine: it
 * releases every handle, and its own limits say how many it holds.
 */
import type { HeaderChain, Outgoing } from '../../protocols/activations/types.ts'
import { codecOf } from '../../protocols/wire/encodings.ts'
import type { Encoding, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { type Kept, SpareArrays } from '../../protocols/wire/spare-arrays.ts'
import { freeBuffer } from '../engine/runtime/buffers.ts'

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

/** A tensor in use: it may be released meanwhile. */
export interface TensorLoan {
  readonly tensor: Tensor
  /** @param isOver false where its bytes may still be on their way to another peer */
  end(isOver: boolean): void
}

interface Stored {
  readonly tensor: Tensor
  readonly kept: Kept
}

export class TensorStore {
  readonly #tensors = new Map<string, Stored>()
  readonly #spares = new SpareArrays()
  #next = 0
  #heldBytes = 0
  #mostBytes = 0

  /** Keeps a copy of the bytes. */
  add({ bytes, ...tensor }: Tensor): string {
    const handle = `t${this.#next++}`
    const kept = this.#spares.keep(bytes)
    this.#tensors.set(handle, { tensor: { ...tensor, bytes: kept.bytes }, kept })
    this.#heldBytes += bytes.length
    this.#mostBytes = Math.max(this.#mostBytes, this.#heldBytes)
    return handle
  }

  /** To be read at once: after its release the bytes are another tensor's. */
  get(handle: string): Tensor {
    return this.#stored(handle).tensor
  }

  /** For whoever goes on with it after this turn of the event loop. */
  lend(handle: string): TensorLoan {
    const { tensor, kept } = this.#stored(handle)
    const loan = kept.lend()
    return { tensor, end: isOver => loan.end(isOver) }
  }

  release(handle: string): void {
    const stored = this.#tensors.get(handle)
    if (stored === undefined) return
    this.#tensors.delete(handle)
    this.#heldBytes -= stored.tensor.bytes.length
    stored.kept.drop()
  }

  /** A round is over: no more stays unused than it held at its fullest. */
  trim(): void {
    this.#spares.trim(this.#mostBytes)
    this.#mostBytes = this.#heldBytes
  }

  get size(): number {
    return this.#tensors.size
  }

  #stored(handle: string): Stored {
    const stored = this.#tensors.get(handle)
    if (stored === undefined) throw new Error(`tensor ${handle} was released`)
    return stored
  }
}

/** Euclidean norm of the values, summed in f64. */
export function normOf(bytes: Uint8Array, encoding: Encoding): number {
  let sum = 0
  const values = floatsOf(bytes, encoding)
  for (let index = 0; index < values.length; index++) sum += values[index]! * values[index]!
  freeCopy(values, bytes)
  return Math.sqrt(sum)
}

/** A scaled copy. */
export function scaled(bytes: Uint8Array, factor: number, encoding: Encoding): Uint8Array {
  return codecOf(encoding).encode(floatsOf(bytes, encoding).map(value => value * factor))
}

/** The values, in memory that may be that of `bytes`. @throws RangeError where they are no tensor of this encoding */
export function floatsOf(bytes: Uint8Array, encoding: Encoding): Float32Array {
  const codec = codecOf(encoding)
  const values = codec.decode(bytes, codec.valuesIn(bytes.byteLength))
  if (isRefusal(values)) throw new RangeError(values.detail)
  return values
}

/** Frees at once what {@link floatsOf} decoded into memory of its own: a MiB a tensor would be garbage for many collections. */
export function freeCopy(values: Float32Array, bytes: Uint8Array): void {
  if (values.buffer !== bytes.buffer) freeBuffer(values.buffer)
}
