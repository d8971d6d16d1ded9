/**
 * Zeller and Hildebrandt's ddmin: a smallest part of `items` that still fails, where no single item can be left out.
 * "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002.
 */
export async function ddmin<Item>(
  items: readonly Item[],
  fails: (part: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[]> {
  // Most often nothing of it is needed.
  if (items.length === 0 || (await fails([]))) return []
  let kept = items
  let parts = 2
  while (kept.length >= 2) {
    const size = Math.ceil(kept.length / parts)
    const chunks = Array.from({ length: Math.ceil(kept.length / size) }, (_, i) => kept.slice(i * size, (i + 1) * size))
    const smaller = await firstFailing(kept, chunks, fails)
    if (smaller !== null) {
      kept = smaller.part
      parts = Math.max(2, smaller.isComplement ? parts - 1 : 2)
    } else if (parts < kept.length) parts = Math.min(kept.length, parts * 2)
    else return kept
  }
  return kept
}

async function firstFailing<Item>(
  kept: readonly Item[],
  chunks: readonly (readonly Item[])[],
  fails: (part: readonly Item[]) => Promise<boolean>,
): Promise<{ part: readonly Item[]; isComplement: boolean } | null> {
  for (const chunk of chunks)
    if (chunk.length < kept.length && (await fails(chunk))) return { part: chunk, isComplement: false }
  // With two parts each is the other's complement.
  if (chunks.length <= 2) return null
  for (const chunk of chunks) {
    const part = kept.filter(item => !chunk.includes(item))
    if (await fails(part)) return { part, isComplement: true }
  }
  return null
}
