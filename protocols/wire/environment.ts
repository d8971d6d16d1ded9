/**
 * What a protocol or a deciding machine may not reach for itself: time, randomness and bulk hashing are handed in, so that
 * the very same code runs under virtual time (architecture.md, "Deciding is pure").
 */

/** Cancels a pending timer; calling it twice is harmless. */
export type CancelTimer = () => void

export interface Clock {
  /** Milliseconds since an arbitrary origin, monotone. Differences only. */
  nowMs(): number
  /** Calls back once after `delayMs`, unless cancelled. */
  after(delayMs: number, callback: () => void): CancelTimer
}

/** A uniform draw in [0, 1). Jitter only: nothing that peers must agree on is drawn from it. */
export type Random = () => number

/** SHA-256 of any number of bytes, off the main thread where the platform can (1.3 GB/s native against 0.1 GB/s in JavaScript). */
export type Digest = (bytes: Uint8Array, options?: { signal?: AbortSignal }) => Promise<Uint8Array>

/** SHA-256 of up to {@link SMALL_HASH_MAX_BYTES}, at once. */
export type SmallHash = (bytes: Uint8Array) => Uint8Array

/** Above this many bytes hash with {@link Digest}: pure JavaScript would block the event loop for over 0.6 ms. */
export const SMALL_HASH_MAX_BYTES = 64 * 1024
