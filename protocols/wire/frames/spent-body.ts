/** Frees a received body at once, which the garbage collector would do a whole marking of the heap later. It is empty then. */
export function freeBody({ buffer }: Uint8Array): void {
  // A body has its buffer for itself: its frame's, or that of its chunks put together.
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
