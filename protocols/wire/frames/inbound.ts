/** The other side's requests and notes on one stream: received, checked, handed to the handlers, answered. */
import { MAX_WAITING } from '../constants.ts'
import type { Digest } from '../environment.ts'
import type { Hash, PeerName } from '../messages.ts'
import { isRefusal, type Refusal, refuse } from '../refusals.ts'
import type { Allowance } from './allowance.ts'
import type { Assemblies } from './assembly.ts'
import { checkDigest } from './body-digest.ts'
import type { FairWriter } from './fair-writer.ts'
import { LazySignal } from './lazy-signal.ts'
import { decodeHead, encodeHead, encodeRefusal, type MessageFrame, type MessageHead } from './message.ts'
import { freeBody } from './spent-body.ts'
import type { HandlerContext, Handlers, RefusalListener, Reply } from './types.ts'

export interface InboundInit extends Handlers {
  readonly peer: PeerName
  readonly digest: Digest
  readonly onRefusal: RefusalListener
  readonly limits: { readonly openRequests: number; readonly openNotes: number }
  readonly bodies: Assemblies
  readonly writer: FairWriter
  readonly allowance?: Allowance | null
}

/** A message that came whole, and what its handler is told. */
class Received implements HandlerContext {
  readonly type: 'request' | 'note'
  readonly id: number
  readonly header: unknown
  readonly body: Uint8Array
  readonly from: PeerName
  readonly digest: Hash | null
  readonly #stop: LazySignal

  constructor(of: Open, from: PeerName, body: Uint8Array, announced: Hash | null) {
    this.type = of.type
    this.id = of.id
    this.header = of.header
    this.body = body
    this.from = from
    this.digest = announced
    this.#stop = of.stop
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  get isGivenUp(): boolean {
    return this.#stop.isStopped
  }
}

interface Open {
  readonly type: Received['type']
  readonly id: number
  readonly header: unknown
  readonly stop: LazySignal
}

const NOTHING = new Uint8Array(0)

export class InboundMessages {
  readonly #init: InboundInit
  /** From the head to the end of the handler and its answer. */
  readonly #open = new Map<number, LazySignal>()
  #runningNotes = 0
  #onNoteDone: (() => void) | null = null

  constructor(init: InboundInit) {
    this.#init = init
  }

  get size(): number {
    return this.#open.size
  }

  /** Takes a frame of the other side's; a refusal means that it broke the protocol. Waits while too many notes run. */
  async take(frame: MessageFrame): Promise<Refusal | null> {
    const { type, id, payload } = frame
    let broken: Refusal | null = null
    if (type === 'request' || type === 'note') broken = this.#begin(type, id, decodeHead(payload))
    else if (type === 'body') broken = this.#init.bodies.add(`${id}`, payload)
    else if (type === 'cancel') this.#cancel(id)
    else broken = refuse('bad-encoding', `a ${type} frame cannot come here`)
    while (broken === null && this.#runningNotes >= this.#init.limits.openNotes) {
      await new Promise<void>(resolve => {
        this.#onNoteDone = resolve
      })
    }
    return broken
  }

  /** The stream is over. */
  end(): void {
    for (const stop of this.#open.values()) stop.fire()
    this.#init.bodies.dropAll()
  }

  #begin(type: Received['type'], id: number, head: MessageHead | Refusal): Refusal | null {
    if (isRefusal(head)) return head
    if (this.#open.has(id)) return refuse('bad-encoding', `id ${id} is in use`)
    const { openRequests, openNotes } = this.#init.limits
    // Twice: what the sender gave up may still be ending here.
    if (this.#open.size >= 2 * (openRequests + openNotes)) return this.#refuseAtOnce(type, id, refuse('overloaded'))
    const { header, body } = head
    const stop = new LazySignal()
    const open: Open = { type, id, header, stop }
    const { peer } = this.#init
    if (body === null) {
      this.#open.set(id, stop)
      void this.#run(new Received(open, peer, NOTHING, null))
      return null
    }
    const barred = this.#init.admitBody?.(peer) ?? null
    if (barred !== null) return this.#refuseAtOnce(type, id, barred)
    const begun = this.#init.bodies.begin(
      `${id}`,
      body.bytes,
      bytes => void this.#run(new Received(open, peer, bytes, body.digest)),
    )
    if (!begun) return this.#refuseAtOnce(type, id, refuse('overloaded'))
    this.#open.set(id, stop)
    return null
  }

  /** What comes of its body is ignored, as of a message that is over. Who reads none of its refusals breaks the protocol. */
  #refuseAtOnce(type: Received['type'], id: number, refusal: Refusal): Refusal | null {
    const { writer, onRefusal, peer } = this.#init
    onRefusal(refusal.refused, peer, refusal.detail)
    if (type === 'note') return null
    if (writer.waiting >= MAX_WAITING) return refuse('overloaded', `${MAX_WAITING} answers wait to be read`)
    void this.#refuse(id, refusal)
    return null
  }

  #cancel(id: number): void {
    const { bodies, writer } = this.#init
    this.#open.get(id)?.fire()
    bodies.drop(`${id}`)
    writer.drop(id, 'answerBody')
  }

  async #run(received: Received): Promise<void> {
    const { type, id, body } = received
    const { byteLength } = body
    if (type === 'note') this.#runningNotes++
    try {
      const result = await this.#handle(received)
      if (isRefusal(result)) this.#init.onRefusal(result.refused, this.#init.peer, result.detail)
      if (type === 'request' && !received.isGivenUp) await this.#answer(received, result)
    } catch (error) {
      // A handler that throws is a bug of this node: counted, and the peer is told without details.
      this.#init.onRefusal('aborted', this.#init.peer, String(error))
      if (type === 'request' && !received.isGivenUp) await this.#refuse(id, refuse('aborted', 'the handler failed'))
    } finally {
      if (this.#init.areBodiesSpent === true && byteLength > 0) freeBody(body)
      this.#init.bodies.release(byteLength)
      this.#open.delete(id)
      if (type === 'note') {
        this.#runningNotes--
        this.#onNoteDone?.()
      }
    }
  }

  async #handle(received: Received): Promise<Reply | Refusal | null> {
    const { digest, onNote, onRequest } = this.#init
    const { type, header, body, digest: announced } = received
    const wrong = announced === null ? null : await checkDigest(digest, body, announced, received.signal)
    if (wrong !== null) return wrong
    const handler = type === 'request' ? onRequest : onNote
    return handler === undefined ? refuse('not-allowed', `no ${type} is taken here`) : handler(header, body, received)
  }

  async #answer(received: Received, result: Reply | Refusal | null): Promise<void> {
    const { id } = received
    if (isRefusal(result)) return this.#refuse(id, result)
    const { header, body = NOTHING, digest: known } = result ?? { header: null }
    const digest =
      body.byteLength === 0 ? null : (known ?? (await this.#init.digest(body, { signal: received.signal })))
    const head = encodeHead({ header, body: digest === null ? null : { bytes: body.byteLength, digest } })
    if (received.isGivenUp) return
    const { writer, allowance } = this.#init
    const beyond = digest === null ? null : (allowance?.admit(body.byteLength) ?? null)
    if (beyond !== null) return this.#refuse(id, beyond)
    await writer.send({ type: 'answer', id, head, body: digest === null ? null : body, bodyType: 'answerBody' })
    if (digest !== null) allowance?.release(body.byteLength)
  }

  async #refuse(id: number, refusal: Refusal): Promise<void> {
    await this.#init.writer.send({
      type: 'refusal',
      id,
      head: encodeRefusal(refusal),
      body: null,
      bodyType: 'answerBody',
    })
  }
}
