/** Two ends of one yamux stream in memory, with real windows; and clocks that only a test moves. */
import { createHash } from 'node:crypto'
import type { MultiaddrConnection, Stream } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import type { Clock, Digest } from '../../../../protocols/wire/index.ts'

const connections: MultiaddrConnection[] = []

/** Ends all pairs; for `afterEach`, or their keep-alive timers keep the process from ending. */
export function endPairs(): void {
  for (const connection of connections.splice(0)) connection.abort(new Error('the test is over'))
}

export async function streamPair(): Promise<[Stream, Stream]> {
  const [outbound, inbound] = multiaddrConnectionPair()
  connections.push(outbound, inbound)
  const local = yamux()().createStreamMuxer(outbound)
  const remote = yamux()().createStreamMuxer(inbound)
  const accepted = new Promise<Stream>(resolve =>
    remote.addEventListener('stream', event => resolve(event.detail), { once: true }),
  )
  const opened = await local.createStream()
  opened.send(new Uint8Array(0))
  return [opened, await accepted]
}

export const digest: Digest = async bytes => new Uint8Array(createHash('sha256').update(bytes).digest())

export class ManualClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<{ atMs: number; callback: () => void }>()

  nowMs(): number {
    return this.#nowMs
  }

  get timers(): number {
    return this.#timers.size
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  advance(ms: number): void {
    this.#nowMs += ms
    for (const timer of [...this.#timers].sort((a, b) => a.atMs - b.atMs)) {
      if (timer.atMs <= this.#nowMs && this.#timers.delete(timer)) timer.callback()
    }
  }
}

/** Resolves once `holds` does; looks after every turn of the event loop. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setImmediate(resolve))
}
