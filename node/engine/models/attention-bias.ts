/**
 * Where each head looks before it has learned anything: a constant that is added to its scores, in the way of ALiBi (Press,
 * Smith and Lewis 2022), but about a distance of its own. Three heads of four look at one position each, the one before,
 * the second before and so on, and fall off from there by 1 a position; the rest fall off slowly from the token itself, by
 * 1/16, then 1/32. Without it all heads begin with the mean of all that came before, and training spends most of a short
 * run on the plateau of a bigram model, until attention has found the neighbours.
 */

/** Below any score, so that its softmax is exactly 0, and finite, so that no infinity is subtracted from another. */
const MASKED = -1e9

/** No bias is below: what a query and a key can make of it in training, however far apart they are. */
const LOWEST = -8

const FIRST_BROAD_SLOPE = 1 / 16

/** [heads, sequence (query), sequence (key)]: at later tokens a number whose softmax is 0. */
export function attentionBias(heads: number, sequence: number): Float32Array<ArrayBuffer> {
  const broad = Math.ceil(heads / 4)
  const values = new Float32Array(heads * sequence * sequence)
  let at = 0
  for (let head = 0; head < heads; head++) {
    const near = heads - broad
    const centre = head < near ? head + 1 : 0
    const slope = head < near ? 1 : FIRST_BROAD_SLOPE / 2 ** (head - near)
    for (let query = 0; query < sequence; query++) {
      for (let key = 0; key < sequence; key++) {
        const away = Math.abs(query - key - centre)
        values[at++] = key > query ? MASKED : Math.max(LOWEST, 0 - slope * away)
      }
    }
  }
  return values
}
