/**
 * Turns for transfers: yamux shares a connection unfairly between streams (Jain 0.5 to 0.7 with 64), so only a few run at a
 * time, peers take turns, and what somebody waits for (a pull) goes before what is sent ahead (scatter, gather).
 */
import type { PeerName } from '../wire/messages.ts'
import { type Refusal, refuse } from '../wire/refusals.ts'

export type Urgency = 'awaited' | 'ahead'

export interface TransferLimits {
  readonly perPeer: number
  readonly total: number
  readonly waiting: number
}

interface Waiting {
  readonly start: () => void
}

interface PeerQueue {
  running: number
  readonly awaited: Waiting[]
  readonly ahead: Waiting[]
}

export class Transfers {
  readonly #limits: TransferLimits
  /** In the order in which peers had their last turn. */
  readonly #peers = new Map<PeerName, PeerQueue>()
  #running = 0
  #waiting = 0

  constructor(limits: TransferLimits) {
    this.#limits = limits
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Runs `task` when it is the peer's turn. A refusal where the queue is full or the signal fired before. */
  async run<T>(
    peer: PeerName,
    urgency: Urgency,
    signal: AbortSignal | undefined,
    task: () => Promise<T>,
  ): Promise<T | Refusal> {
    if (this.#waiting >= this.#limits.waiting) return refuse('overloaded', 'too many transfers wait')
    if (!(await this.#turn(peer, urgency, signal))) return refuse('aborted')
    try {
      return await task()
    } finally {
      this.#finish(peer)
    }
  }

  #turn(peer: PeerName, urgency: Urgency, signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted === true) return Promise.resolve(false)
    return new Promise(resolve => {
      const queue = this.#queueOf(peer)[urgency]
      const abort = (): void => {
        queue.splice(queue.indexOf(waiting), 1)
        this.#waiting -= 1
        this.#forgetIdle(peer)
        resolve(false)
      }
      const waiting: Waiting = {
        start: () => {
          signal?.removeEventListener('abort', abort)
          resolve(true)
        },
      }
      signal?.addEventListener('abort', abort, { once: true })
      queue.push(waiting)
      this.#waiting += 1
      this.#startNext()
    })
  }

  /** One transfer for each free place, the peer whose last turn is longest ago first. */
  #startNext(): void {
    for (const urgency of ['awaited', 'ahead'] as const) {
      for (const [peer, queue] of this.#peers) {
        if (this.#running >= this.#limits.total) return
        if (queue.running >= this.#limits.perPeer || queue[urgency].length === 0) continue
        this.#peers.delete(peer)
        this.#peers.set(peer, queue)
        queue.running += 1
        this.#running += 1
        this.#waiting -= 1
        queue[urgency].shift()?.start()
      }
    }
  }

  #finish(peer: PeerName): void {
    this.#queueOf(peer).running -= 1
    this.#running -= 1
    this.#forgetIdle(peer)
    this.#startNext()
  }

  #queueOf(peer: PeerName): PeerQueue {
    const queue = this.#peers.get(peer) ?? { running: 0, awaited: [], ahead: [] }
    this.#peers.set(peer, queue)
    return queue
  }

  #forgetIdle(peer: PeerName): void {
    const queue = this.#peers.get(peer)
    if (queue?.running === 0 && queue.awaited.length + queue.ahead.length === 0) this.#peers.delete(peer)
  }
}
