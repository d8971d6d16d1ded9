/**
 * One end of a simulated TCP connection: bytes in order, a send buffer that fills, packets that come again after a loss or a
 * cut. What a process sends in one turn leaves as one segment, as with a corked socket.
 */
import type { MultiaddrConnection } from '@libp2p/interface'
import { ConnectionFailedError } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type AbstractMultiaddrConnectionInit, type SendResult } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { Internet } from './internet.ts'
import type { SimProcess } from './process.ts'

/** What the kernel of a machine takes before a writer has to wait, bytes. */
const SEND_BUFFER_BYTES = 1024 * 1024
/** First and longest wait before a segment that found the link cut goes out again, ms. */
const RETRY_FIRST_MS = 200
const RETRY_MAX_MS = 3_000

export interface EndInit extends Omit<AbstractMultiaddrConnectionInit, 'direction'> {
  readonly direction: 'inbound' | 'outbound'
  readonly internet: Internet
  readonly process: SimProcess
  /** Peer indices. */
  readonly from: number
  readonly to: number
}

type Segment = { readonly kind: 'data'; readonly bytes: Uint8Array } | { readonly kind: 'fin' | 'reset' }

export class SimConnection extends AbstractMultiaddrConnection implements MultiaddrConnection {
  readonly process: SimProcess
  readonly from: number
  readonly to: number
  readonly #internet: Internet
  #other: SimConnection | null = null
  /** What was written in this turn. */
  #turn: Uint8Array[] = []
  #turnBytes = 0
  #inFlightBytes = 0
  #isFull = false
  /** Segments sent, and those that were delivered to the other end in order. */
  #sent = 0
  #delivered = 0
  readonly #arrived = new Map<number, Segment>()

  constructor(init: EndInit) {
    super(init)
    this.process = init.process
    this.from = init.from
    this.to = init.to
    this.#internet = init.internet
  }

  /** Joins two ends. */
  static join(a: SimConnection, b: SimConnection): void {
    a.#other = b
    b.#other = a
  }

  /** The process of this end is gone: the machine tells the other end. */
  reset(): void {
    this.#transmit({ kind: 'reset' })
  }

  sendData(data: Uint8ArrayList): SendResult {
    // Copied: a sender may write over its buffers once they are sent.
    const bytes = data.slice()
    if (this.#turn.length === 0) this.process.time.soon(() => this.#endTurn())
    this.#turn.push(bytes)
    this.#turnBytes += bytes.byteLength
    this.#inFlightBytes += bytes.byteLength
    if (this.#inFlightBytes > SEND_BUFFER_BYTES) this.#isFull = true
    return { sentBytes: bytes.byteLength, canSendMore: !this.#isFull }
  }

  async sendClose(): Promise<void> {
    this.#endTurn()
    this.#transmit({ kind: 'fin' })
  }

  sendReset(): void {
    this.#turn = []
    this.#transmit({ kind: 'reset' })
  }

  /** Yamux's windows bound what a paused reader is sent. */
  sendPause(): void {
    this.log.trace('paused')
  }

  sendResume(): void {
    this.log.trace('resumed')
  }

  #endTurn(): void {
    if (this.#turn.length === 0) return
    const bytes = this.#turn.length === 1 ? this.#turn[0]! : Buffer.concat(this.#turn, this.#turnBytes)
    this.#turn = []
    this.#turnBytes = 0
    this.#transmit({ kind: 'data', bytes })
  }

  #transmit(segment: Segment): void {
    this.#try(this.#sent++, segment, RETRY_FIRST_MS)
  }

  #try(sequence: number, segment: Segment, retryMs: number): void {
    const length = segment.kind === 'data' ? segment.bytes.byteLength : 0
    const arrivalMs = this.#internet.send(this.from, this.to, length, () => this.#arrive(sequence, segment))
    if (arrivalMs !== null) return
    this.process.time.after(retryMs, () => this.#try(sequence, segment, Math.min(2 * retryMs, RETRY_MAX_MS)))
  }

  /** In order, each once. */
  #arrive(sequence: number, segment: Segment): void {
    if (sequence < this.#delivered) return
    if (sequence === this.#delivered && this.#arrived.size === 0) {
      this.#delivered++
      this.#hand(segment)
      return
    }
    this.#arrived.set(sequence, segment)
    for (let next = this.#arrived.get(this.#delivered); next !== undefined; next = this.#arrived.get(this.#delivered)) {
      this.#arrived.delete(this.#delivered++)
      this.#hand(next)
    }
  }

  #hand(segment: Segment): void {
    if (segment.kind === 'data') this.#acknowledged(segment.bytes.byteLength)
    this.#other?.process.fire(() => this.#other?.take(segment))
  }

  /** The other machine has it; the acknowledgement's way back is not modelled. */
  #acknowledged(bytes: number): void {
    this.#inFlightBytes -= bytes
    if (!this.#isFull || this.#inFlightBytes > SEND_BUFFER_BYTES / 2) return
    this.#isFull = false
    this.process.fire(() => this.safeDispatchEvent('drain'))
  }

  /** At the other end. */
  private take(segment: Segment): void {
    if (this.status === 'closed' || this.status === 'aborted' || this.status === 'reset') return
    if (segment.kind === 'data') this.onData(segment.bytes)
    else if (segment.kind === 'fin') this.onTransportClosed()
    else this.onRemoteReset()
  }
}

export function unreachable(address: string): Error {
  return new ConnectionFailedError(`nobody answers at ${address}`)
}
