import { subtle } from 'node:crypto'
import type { Digest } from '../../protocols/wire/environment.ts'

/** SHA-256 on libuv's thread pool: 1.3 GB/s and never on the event loop. */
export const digestOf: Digest = async (bytes, options) => {
  options?.signal?.throwIfAborted()
  return new Uint8Array(
    await subtle.digest('SHA-256', new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)),
  )
}
