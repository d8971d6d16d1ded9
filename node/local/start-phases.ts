/** The steps of starting as the whole swarm goes through them: one ends when its slowest peer is done with it. */
import type { NodeEvents } from '../events/types.ts'

type PhaseEnd = NodeEvents['start.phase']

export class StartPhases {
  readonly #peers: number
  readonly #stages: number
  readonly #ended = new Map<PhaseEnd['phase'], number[]>()
  readonly #certified = new Set<number>()
  /** When the first peer was ready to train. */
  #readyMs: number | null = null

  constructor({ peers, stages }: { readonly peers: number; readonly stages: number }) {
    this.#peers = peers
    this.#stages = stages
  }

  /** One peer is done with a step; returns the step's end for all, where this was the last one. */
  ended({ phase, ms }: PhaseEnd, nowMs: number): PhaseEnd | null {
    const times = this.#ended.get(phase) ?? []
    this.#ended.set(phase, times)
    if (times.length >= this.#peers) return null
    times.push(ms)
    if (phase === 'sync') this.#readyMs ??= nowMs
    return times.length === this.#peers ? { phase, ms: Math.max(...times) } : null
  }

  /** A stage has certified a round; returns the last step, the first round, once all have. */
  certified(stage: number, nowMs: number): PhaseEnd | null {
    if (this.#certified.size === this.#stages) return null
    this.#certified.add(stage)
    // A quorum is enough for a round, so peers may still be on their way when the first one is certified.
    return this.#certified.size < this.#stages ? null : { phase: 'round', ms: nowMs - (this.#readyMs ?? nowMs) }
  }
}
