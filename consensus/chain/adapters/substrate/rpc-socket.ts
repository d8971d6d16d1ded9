/**
 * JSON-RPC 2.0 over one WebSocket (https://www.jsonrpc.org/specification), in place of @polkadot/api's own client: that one is ended, and
 * the process with it, by a message that is no JSON; keeps failures as it keeps answers; gives a subscription up that is not answered
 * in time; waits for ever where nothing comes; and writes to the console.
 */
import type { ApiOptions } from '@polkadot/api/types'
import { stringify } from '@polkadot/util'
import { type RawData, WebSocket } from 'ws'
import {
  CLOSE_MS,
  MAX_ANSWER_BYTES,
  MAX_EARLY_NEWS,
  MAX_OPEN_QUESTIONS,
  MAX_VAIN_QUESTIONS,
  SUBSCRIBE_RETRY_MS,
} from './constants.ts'

export type Provider = NonNullable<ApiOptions['provider']>
type Occasion = Parameters<Provider['on']>[0]
type Listener = Parameters<Provider['on']>[1]

interface Question {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: ReturnType<typeof setTimeout>
  /** What the answer is the beginning of. */
  readonly subscription: Subscription | null
}

interface Subscription {
  readonly method: string
  readonly params: readonly unknown[]
  readonly callback: (error: Error | null, result: unknown) => void
  /** As the node names it; null while it is not there. */
  nodeId: number | string | null
}

/** Of transactions: nobody would watch the same one again. */
const ONCE = 'author_'

export class RpcSocket {
  /** After which a question counts as not answered. */
  answerMs: number
  readonly #url: string
  #socket: WebSocket | null = null
  #isConnected = false
  /** Questions without an answer since anything came. */
  #vain = 0
  #lastId = 0
  readonly #questions = new Map<number, Question>()
  /** By the id that was given out: the node's is another one after each connection. */
  readonly #subscriptions = new Map<string, Subscription>()
  /** What a node tells of a subscription before it answers that there is one. */
  #early: { readonly nodeId: unknown; readonly result: unknown }[] = []
  readonly #listeners: Readonly<Record<Occasion, Set<Listener>>> = {
    connected: new Set(),
    disconnected: new Set(),
    error: new Set(),
  }

  constructor(url: string, answerMs: number) {
    this.#url = url
    this.answerMs = answerMs
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  /** Begins to connect; 'connected' or 'disconnected' tell how it went. Rejects where there is a connection, or no such address. */
  async connect(): Promise<void> {
    if (this.#socket !== null) throw new Error('connected already')
    const socket = new WebSocket(this.#url, { maxPayload: MAX_ANSWER_BYTES, handshakeTimeout: this.answerMs })
    this.#socket = socket
    socket.on('open', () => this.#opened())
    socket.on('message', data => this.#hear(data))
    socket.on('close', () => this.#closed())
    socket.on('error', error => this.#emit('error', error))
  }

  async disconnect(): Promise<void> {
    const socket = this.#socket
    if (socket === null) return
    socket.close()
    setTimeout(() => socket.terminate(), CLOSE_MS).unref()
  }

  on(occasion: Occasion, listener: Listener): () => void {
    this.#listeners[occasion].add(listener)
    return () => this.#listeners[occasion].delete(listener)
  }

  send<T>(method: string, params: readonly unknown[]): Promise<T> {
    return this.#ask(method, params, null) as Promise<T>
  }

  /** Resolves at once, but for transactions: what is subscribed to is asked for again after each loss, and until it is granted. */
  async subscribe(
    type: string,
    method: string,
    params: readonly unknown[],
    callback: Subscription['callback'],
  ): Promise<string> {
    const id = `${type}/${++this.#lastId}`
    const subscription: Subscription = { method, params, callback, nodeId: null }
    this.#subscriptions.set(id, subscription)
    if (!type.startsWith(ONCE)) {
      if (this.#isConnected) void this.#establish(id, subscription)
      return id
    }
    try {
      await this.#ask(method, params, subscription)
    } catch (error) {
      this.#subscriptions.delete(id)
      throw error
    }
    return id
  }

  async unsubscribe(_type: string, method: string, id: number | string): Promise<boolean> {
    const nodeId = this.#subscriptions.get(String(id))?.nodeId ?? null
    this.#subscriptions.delete(String(id))
    if (nodeId === null || !this.#isConnected) return false
    return this.send<boolean>(method, [nodeId])
  }

  #ask(method: string, params: readonly unknown[], subscription: Subscription | null): Promise<unknown> {
    const socket = this.#socket
    if (socket === null || !this.#isConnected) return Promise.reject(new Error('there is no connection'))
    if (this.#questions.size >= MAX_OPEN_QUESTIONS)
      return Promise.reject(new Error(`${MAX_OPEN_QUESTIONS} questions have no answer yet`))
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      const timer = setTimeout(() => {
        this.#questions.delete(id)
        reject(new Error(`no answer within ${this.answerMs / 1000} s`))
        // It may be open at this end alone.
        if (++this.#vain >= MAX_VAIN_QUESTIONS) socket.terminate()
      }, this.answerMs)
      this.#questions.set(id, { resolve, reject, timer, subscription })
      socket.send(stringify({ id, jsonrpc: '2.0', method, params }))
    })
  }

  /** Asks until it is granted, given up, or the connection is another one. */
  async #establish(id: string, subscription: Subscription): Promise<void> {
    const socket = this.#socket
    while (this.#socket === socket && this.#subscriptions.has(id)) {
      const granted = await this.#ask(subscription.method, subscription.params, subscription).then(
        () => true,
        () => false,
      )
      if (granted) return
      // Nothing need stay alive for it.
      await new Promise<void>(resolve => setTimeout(resolve, SUBSCRIBE_RETRY_MS).unref())
    }
  }

  #opened(): void {
    this.#isConnected = true
    this.#vain = 0
    for (const [id, subscription] of this.#subscriptions) void this.#establish(id, subscription)
    this.#emit('connected')
  }

  #closed(): void {
    this.#socket = null
    this.#isConnected = false
    this.#early = []
    for (const [id, subscription] of this.#subscriptions) {
      subscription.nodeId = null
      if (id.startsWith(ONCE)) this.#subscriptions.delete(id)
    }
    const questions = [...this.#questions.values()]
    this.#questions.clear()
    for (const { timer, reject } of questions) {
      clearTimeout(timer)
      reject(new Error('the connection was lost'))
    }
    this.#emit('disconnected')
  }

  /** Whoever speaks something else is left; a proxy in front of a node that is away does. */
  #hear(data: RawData): void {
    this.#vain = 0
    try {
      this.#take(JSON.parse(String(data)))
    } catch {
      this.#socket?.terminate()
    }
  }

  #take(message: unknown): void {
    if (!isObject(message)) throw new TypeError('a message is an object')
    if (typeof message['id'] === 'number') this.#answered(message['id'], message)
    else if (isObject(message['params'])) this.#told(message['params'])
  }

  #answered(id: number, { result, error }: Message): void {
    const question = this.#questions.get(id)
    // Nobody waits for it any more.
    if (question === undefined) return
    const wrong = isObject(error) ? new Error(describe(error)) : null
    this.#questions.delete(id)
    clearTimeout(question.timer)
    if (wrong !== null) question.reject(wrong)
    else if (result === undefined) question.reject(new Error('an answer without a result'))
    else if (question.subscription === null) question.resolve(result)
    else if (typeof result !== 'string' && typeof result !== 'number')
      question.reject(new Error('a subscription without a name'))
    else {
      this.#begin(question.subscription, result)
      question.resolve(result)
    }
  }

  #begin(subscription: Subscription, nodeId: string | number): void {
    subscription.nodeId = nodeId
    const early = this.#early.filter(news => news.nodeId === nodeId)
    this.#early = this.#early.filter(news => news.nodeId !== nodeId)
    for (const { result } of early) subscription.callback(null, result)
  }

  #told({ subscription: nodeId, result }: Message): void {
    if (result === undefined) return
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.nodeId !== nodeId) continue
      subscription.callback(null, result)
      return
    }
    this.#early = [...this.#early.slice(1 - MAX_EARLY_NEWS), { nodeId, result }]
  }

  #emit(occasion: Occasion, value?: unknown): void {
    for (const listener of this.#listeners[occasion]) listener(value)
  }
}

type Message = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Longest text of a node that is passed on: some put a whole trace there. */
const MAX_DATA_CHARACTERS = 256

function describe({ code, message, data }: Message): string {
  const detail = data === undefined ? '' : `: ${textOf(data)}`
  return `${textOf(code)}: ${textOf(message)}${detail}`.slice(0, MAX_DATA_CHARACTERS)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : stringify(value)
}
