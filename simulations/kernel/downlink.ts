/**
 * The time of a link into a home, shared by all who send there: each message takes the first free piece that its bytes can
 * be there for. What waits in one sender's queue does not hold up what another sends meanwhile.
 */
export class Downlink {
  /** Taken, in order and apart; what is over is forgotten. */
  readonly #taken: { fromMs: number; toMs: number }[] = []

  /**
   * Takes a piece; returns when the last byte is in.
   * @param earliestMs when the last byte could be in, were the link free
   * @param transmittedMs when the bytes are through if the first comes then
   */
  take(nowMs: number, earliestMs: number, transmittedMs: (fromMs: number) => number): number {
    const taken = this.#taken
    let over = 0
    while (over < taken.length && taken[over]!.toMs <= nowMs) over++
    if (over > 0) taken.splice(0, over)
    let next = taken.length
    while (next > 0 && taken[next - 1]!.fromMs >= earliestMs) next--
    for (; ; next++) {
      const freeMs = Math.max(nowMs, taken[next - 1]?.toMs ?? 0)
      const throughMs = transmittedMs(freeMs)
      const toMs = Math.max(earliestMs, throughMs)
      if (next < taken.length && toMs > taken[next]!.fromMs) continue
      this.#insert(next, toMs - (throughMs - freeMs), toMs)
      return toMs
    }
  }

  /** Pieces that touch are one, so that there are few. */
  #insert(index: number, fromMs: number, toMs: number): void {
    const before = this.#taken[index - 1]
    const after = this.#taken[index]
    const joinsBefore = before !== undefined && before.toMs >= fromMs
    const joinsAfter = after !== undefined && after.fromMs <= toMs
    if (joinsBefore && joinsAfter) {
      before.toMs = after.toMs
      this.#taken.splice(index, 1)
    } else if (joinsBefore) before.toMs = toMs
    else if (joinsAfter) after.fromMs = fromMs
    else this.#taken.splice(index, 0, { fromMs, toMs })
  }
}
