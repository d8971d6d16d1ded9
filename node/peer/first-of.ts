/** Several at once, until so many have given something, or all have ended; what they gave, in their order. Rejects as the first that does. */
export function firstOf<T>(asked: readonly Promise<T | null>[], enough: number): Promise<readonly T[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly T[]>()
  const results: (T | null)[] = asked.map(() => null)
  const given = () => results.filter(result => result !== null)
  let missing = asked.length
  if (missing === 0) resolve([])
  for (const [index, one] of asked.entries()) {
    one.then(result => {
      results[index] = result
      if (--missing === 0 || given().length >= enough) resolve(given())
    }, reject)
  }
  return promise
}
