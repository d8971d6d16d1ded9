/** A person's wish that the peer pauses, for whatever the peer does at that moment. */

export class PauseRequest {
  readonly #stop = new AbortController()
  readonly #request: AbortSignal | undefined
  readonly #onRequest = (): void => {
    if (this.#handler === null) this.#stop.abort(new Error('it pauses'))
    else this.#handler()
  }
  #handler: (() => void) | null = null

  /** @param request - fires once; absent: nobody asks */
  constructor(request: AbortSignal | undefined) {
    this.#request = request
    request?.addEventListener('abort', this.#onRequest, { once: true })
    if (request?.aborted === true) this.#onRequest()
  }

  /** Fires where nothing has to be handed over: the peer just stops. */
  get stop(): AbortSignal {
    return this.#stop.signal
  }

  get isAsked(): boolean {
    return this.#request?.aborted === true
  }

  /** While this runs, a request goes to the handler. */
  async during<Result>(handler: () => void, run: () => Promise<Result>): Promise<Result> {
    this.#handler = handler
    try {
      return await run()
    } finally {
      this.#handler = null
    }
  }

  end(): void {
    this.#request?.removeEventListener('abort', this.#onRequest)
  }
}
