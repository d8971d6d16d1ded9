/** Commits as vectors: f32, little-endian, as the encoding says. */
const F32_BYTES = 4

/** A copy. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer)
}

/** The vector's own bytes. */
export function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.length * F32_BYTES)
}
