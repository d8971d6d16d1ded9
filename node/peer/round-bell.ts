/** Tells those who wait for a round's state that the round may have changed. */
export class RoundBell {
  #next = Promise.withResolvers<void>()

  ring(): void {
    this.#next.resolve()
    this.#next = Promise.withResolvers()
  }

  /** Rejects when the signal fires. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const next = this.#next.promise
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      void next.then(() => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      })
    })
  }
}
