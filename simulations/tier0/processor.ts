/** How long what a machine computes takes. */
import type { SimPeer } from './peer.ts'

export class SimProcessor {
  /** Factor of the time of all that it does. */
  slowness = 1
  readonly #peer: SimPeer
  #engineFreeMs = 0

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  /** The engine does one thing after the other. */
  compute(nominalMs: number, done: () => void): void {
    const { world, index, clockRate } = this.#peer
    const { nowMs } = world.time
    const fromMs = Math.max(this.#engineFreeMs, nowMs)
    this.#engineFreeMs = fromMs + this.#lasts(nominalMs)
    world.onComputed(index, fromMs, this.#engineFreeMs)
    this.#peer.after((this.#engineFreeMs - nowMs) * clockRate, done)
  }

  /** What is done beside it: longer where the processor is slow. The machine's clock is not. */
  work(nominalMs: number, done: () => void): void {
    this.#peer.after(this.#lasts(nominalMs) * this.#peer.clockRate, done)
  }

  /** The process ended. */
  clear(): void {
    this.#engineFreeMs = 0
  }

  #lasts(nominalMs: number): number {
    return (nominalMs * this.slowness) / this.#peer.shape.speed
  }
}
