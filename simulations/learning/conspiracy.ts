/** Liars who share a strategy and what they know: the first lanes of every stage, in one and the same attack. */
import type { Batch } from '../../node/data/index.ts'
import { type AttackMemory, createMemory, type GradientAttack, type GradientView } from '../attackers/gradient/index.ts'

export interface ConspiracyInit {
  readonly attack: GradientAttack
  /** From `parametersOf`. */
  readonly parameters: Readonly<Record<string, number>>
  /** Lanes 0 to `liars` - 1 lie, in every stage: a micro-batch of theirs meets no honest replica. */
  readonly liars: number
  /** What the run's rule trims. */
  readonly faults: number
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** The run's rule, for attacks that try it. */
  readonly combine: GradientView['combine']
}

export interface StageCommits {
  readonly stage: number
  readonly round: number
  /** What each replica would commit in honesty, liars too. */
  readonly own: readonly { readonly lane: number; readonly vector: Float32Array }[]
  readonly seats: number
  readonly previousAggregate: Float32Array | null
}

export class Conspiracy {
  readonly #init: ConspiracyInit
  readonly #memories = new Map<number, AttackMemory>()
  readonly #batches = createMemory()

  constructor(init: ConspiracyInit) {
    this.#init = init
  }

  lies(lane: number): boolean {
    return lane < this.#init.liars
  }

  /** What a liar computes its gradient on. */
  batch(drawn: { readonly round: number; readonly batch: Batch; readonly vocabulary: number }): Batch {
    const { attack, parameters, random } = this.#init
    return attack.corrupt?.({ ...drawn, parameters, random, memory: this.#batches }) ?? drawn.batch
  }

  /** What is told, in the same order. Liars see the honest commits of the round before they tell theirs. */
  commits({ stage, round, own, seats, previousAggregate }: StageCommits): readonly Float32Array[] {
    const { attack, parameters, faults, random, combine, liars } = this.#init
    const honest = own.filter(({ lane }) => !this.lies(lane)).map(({ vector }) => vector)
    const memory = this.#memories.get(stage) ?? createMemory()
    this.#memories.set(stage, memory)
    const shared = { round, honest, liars, seats, faults, random, memory, previousAggregate, combine, parameters }
    return own.map(({ lane, vector }) => (this.lies(lane) ? attack.forge({ ...shared, own: vector }) : vector))
  }
}
