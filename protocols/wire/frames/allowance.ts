/**
 * What a relayed connection may still carry. A relay resets a connection that goes beyond its limit, and with it all that is
 * under way; so what does not fit is refused before it is sent, and the caller turns to another peer.
 */
import { RELAY_RESERVE_BYTES } from '../constants.ts'
import { type Refusal, refuse } from '../refusals.ts'

/** The part of libp2p's connection limits that counts here; `seconds` is not used: js relays state it in milliseconds. */
export interface CarriedLimits {
  /** Bytes that the connection may still carry, both directions together; it falls as they are carried. */
  readonly bytes?: bigint
}

export class Allowance {
  readonly #limits: CarriedLimits
  /** Admitted, and perhaps not carried yet. */
  #promisedBytes = 0

  private constructor(limits: CarriedLimits) {
    this.#limits = limits
  }

  /** One for all streams of a connection; null where nothing limits it. */
  static of(limits: CarriedLimits | undefined): Allowance | null {
    if (limits?.bytes === undefined) return null
    const known = ALLOWANCES.get(limits) ?? new Allowance(limits)
    ALLOWANCES.set(limits, known)
    return known
  }

  /**
   * Null where a body of so many bytes may be sent (then `release` must follow), else why not. The other side admits bodies
   * too and does not say so: each has half of what is left.
   */
  admit(bytes: number): Refusal | null {
    const halfBytes = Math.floor((Number(this.#limits.bytes ?? 0n) - RELAY_RESERVE_BYTES) / 2)
    const leftBytes = Math.max(0, halfBytes - this.#promisedBytes)
    if (bytes > leftBytes) return refuse('unreachable', `the relay between would carry ${leftBytes} of ${bytes} bytes`)
    this.#promisedBytes += bytes
    return null
  }

  release(bytes: number): void {
    this.#promisedBytes -= bytes
  }
}

const ALLOWANCES = new WeakMap<CarriedLimits, Allowance>()
