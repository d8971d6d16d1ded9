/** Draws tokens from logits. Deterministic: the same logits and seed give the same text. */

/** Numbers in [0, 1) from a seed: mulberry32 (T. Ettinger, public domain). Enough for a sample of text, and for nothing else. */
export function seededDraws(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * The token that `draw` in [0, 1) falls on, where token i has the probability softmax(logits / temperature)_i.
 * @param temperature - above 0; below 1 likely tokens become likelier
 */
export function sampleToken(logits: Float32Array, temperature: number, draw: number): number {
  const largest = logits.reduce((max, logit) => Math.max(max, logit), Number.NEGATIVE_INFINITY)
  const weights = Array.from(logits, logit => Math.exp((logit - largest) / temperature))
  let point = draw * weights.reduce((sum, weight) => sum + weight, 0)
  const token = weights.findIndex(weight => (point -= weight) < 0)
  // Rounding may leave a rest behind the last token.
  return token < 0 ? weights.length - 1 : token
}
