/**
 * Seeded randomness (mulberry32): uniform in [0, 1), the same for one seed on every machine. Not the streams of the kernel:
 * the published table of attacks was drawn with it, and one seed must keep giving that table.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
