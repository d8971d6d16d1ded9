/** Milliseconds since the Unix epoch: for what people read, never for what peers decide. */
export function wallClockMs(): number {
  return Date.now()
}
