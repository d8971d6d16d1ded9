/**
 * What may stop a call. Nearly every call ends without anybody having listened, and an AbortSignal costs more than all the rest of
 * a small one: it is made when it is first asked for.
 */
export class LazySignal {
  #controller: AbortController | null = null
  #callbacks: (() => void)[] = []
  #isStopped = false

  get isStopped(): boolean {
    return this.#isStopped
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.#isStopped) this.#controller.abort()
    }
    return this.#controller.signal
  }

  /** Called once, as it stops; at once where it has. */
  onStop(callback: () => void): void {
    if (this.#isStopped) callback()
    else this.#callbacks.push(callback)
  }

  /** Stops; a second time is harmless. */
  fire(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    const callbacks = this.#callbacks
    this.#callbacks = []
    for (const callback of callbacks) callback()
    this.#controller?.abort()
  }
}
