/** Frees a buffer's memory at once; its views become empty. Shared buffers are left alone. */
export function freeBuffer(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
}
