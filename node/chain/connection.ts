/** One client: JSON-RPC 2.0 requests in, answers and notifications out, all of it bounded. */
import { ResponseError } from '@acala-network/chopsticks-core'
import type { WebSocket } from 'ws'
import { MAX_REQUESTS_IN_FLIGHT, MAX_SEND_BUFFER_BYTES, MAX_SUBSCRIPTIONS } from './constants.ts'
import type { EmbeddedChain } from './embedded-chain.ts'
import { type Call, type Client, METHODS, type Notify } from './methods.ts'

/** JSON-RPC 2.0 codes, and -32005 for a limit as Ethereum's and Substrate's nodes use it. */
const CODES = { parse: -32700, request: -32600, method: -32601, internal: -32603, limit: -32005 } as const

export class Connection implements Client {
  readonly isLocal: boolean
  readonly #socket: WebSocket
  readonly #chain: EmbeddedChain
  readonly #cancels = new Map<string, () => void>()
  #inFlight = 0
  #nextSubscription = 1

  constructor(socket: WebSocket, chain: EmbeddedChain, isLocal: boolean) {
    this.isLocal = isLocal
    this.#socket = socket
    this.#chain = chain
    socket.on('message', data => void this.#onMessage(data.toString()))
    socket.on('error', () => socket.terminate())
    socket.on('close', () => {
      for (const cancel of this.#cancels.values()) cancel()
      this.#cancels.clear()
    })
  }

  async subscribe(
    notification: string,
    start: (notify: Notify) => Promise<() => void> | (() => void),
  ): Promise<string> {
    this.reserve()
    const id = `${this.#nextSubscription++}`
    const early: unknown[] = []
    let announced = false
    const notify = (result: unknown): void => {
      if (!announced) early.push(result)
      else if (this.#cancels.has(id))
        this.#send({ jsonrpc: '2.0', method: notification, params: { subscription: id, result } })
    }
    this.register(id, () => {})
    try {
      this.register(id, await start(notify))
    } catch (error) {
      this.#cancels.delete(id)
      throw error
    }
    // The client must know the subscription's id before its first notification.
    setImmediate(() => {
      announced = true
      for (const result of early) notify(result)
    })
    return id
  }

  reserve(): void {
    if (this.#cancels.size >= MAX_SUBSCRIPTIONS)
      throw new ResponseError(CODES.limit, 'too many subscriptions on this connection')
  }

  register(id: string, cancel: () => void): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#cancels.set(id, cancel)
    else cancel()
  }

  unsubscribe(id: unknown): boolean {
    const cancel = typeof id === 'string' ? this.#cancels.get(id) : undefined
    if (typeof id === 'string') this.#cancels.delete(id)
    cancel?.()
    return cancel !== undefined
  }

  notifySubscription(notification: string, id: string, result: unknown): void {
    if (this.#cancels.has(id))
      this.#send({ jsonrpc: '2.0', method: notification, params: { subscription: id, result } })
  }

  async #onMessage(text: string): Promise<void> {
    let request: unknown
    try {
      request = JSON.parse(text)
    } catch {
      return this.#send(failure(null, CODES.parse, 'Parse error'))
    }
    if (Array.isArray(request)) {
      if (request.length > MAX_REQUESTS_IN_FLIGHT)
        return this.#send(failure(null, CODES.limit, 'too many requests in a batch'))
      return this.#send(await Promise.all(request.map(one => this.#answer(one))))
    }
    this.#send(await this.#answer(request))
  }

  async #answer(request: unknown): Promise<object> {
    const { id, method, params } = readRequest(request)
    if (method === undefined) return failure(id, CODES.request, 'Invalid request')
    const handler = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined
    if (handler === undefined) return failure(id, CODES.method, `Method not found: ${method.slice(0, 64)}`)
    if (this.#inFlight >= MAX_REQUESTS_IN_FLIGHT) return failure(id, CODES.limit, 'too many requests at a time')
    this.#inFlight++
    try {
      const call: Call = { chain: this.#chain, connection: this, params }
      return { jsonrpc: '2.0', id, result: (await handler(call)) ?? null }
    } catch (error) {
      const code = error instanceof ResponseError ? error.code : CODES.internal
      return failure(id, code, error instanceof Error ? error.message : String(error))
    } finally {
      this.#inFlight--
    }
  }

  #send(message: object): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#socket.bufferedAmount > MAX_SEND_BUFFER_BYTES) this.#socket.terminate()
    else this.#socket.send(JSON.stringify(message))
  }
}

function readRequest(request: unknown): { id: unknown; method: string | undefined; params: readonly unknown[] } {
  if (typeof request !== 'object' || request === null) return { id: null, method: undefined, params: [] }
  const id = 'id' in request && (typeof request.id === 'number' || typeof request.id === 'string') ? request.id : null
  const method = 'method' in request && typeof request.method === 'string' ? request.method : undefined
  const params: readonly unknown[] = 'params' in request && Array.isArray(request.params) ? request.params : []
  return { id, method, params }
}

function failure(id: unknown, code: number, message: string): object {
  return { jsonrpc: '2.0', id, error: { code, message } }
}
