/** The known word that shares most two-letter pieces with what was typed, or null where none is near. */
export function closest(typed: string, known: readonly string[], prefix = ''): string | null {
  const pieces = (word: string) =>
    new Set(Array.from({ length: word.length + 1 }, (_, i) => ` ${word} `.slice(i, i + 2)))
  const wanted = pieces(typed)
  let best: { word: string; score: number } | null = null
  for (const word of known) {
    const own = pieces(word)
    const shared = [...own].filter(piece => wanted.has(piece)).length
    const score = (2 * shared) / (own.size + wanted.size)
    if (score > (best?.score ?? 0.4)) best = { word, score }
  }
  return best === null ? null : prefix + best.word
}
