/**
 * An attack on learning: what a lying replica commits instead of its momentum. Pure: whatever a lie remembers or draws is
 * handed in, so the same view gives the same lie on every tier.
 */
import type { Batch } from '../../../node/data/index.ts'

export interface GradientAttack {
  /** As scenarios name it. */
  readonly name: string
  /** The lie in one sentence. */
  readonly about: string
  /** Where it was published. */
  readonly source: string
  /** Its knobs with their start values; a scenario's `with` changes them. */
  readonly parameters: Readonly<Record<string, number>>
  /** What to commit. Never changes the view's vectors. */
  forge(view: GradientView): Float32Array
  /** What to compute the gradient on instead of the batch that was drawn; where absent, on the batch. */
  corrupt?(view: BatchView): Batch
}

interface View {
  /** From 1. */
  readonly round: number
  /** Uniform in [0, 1), from the scenario's seed. */
  readonly random: () => number
  /** Kept across rounds, and shared by the colluders of a stage. */
  readonly memory: AttackMemory
  /** The attack's knobs, from `parametersOf`. */
  readonly parameters: Readonly<Record<string, number>>
}

export interface GradientView extends View {
  /** What the liar would commit if it were honest: the momentum of the whole stage. */
  readonly own: Float32Array
  /** What the colluders see of the honest commits of this stage and round; empty where they see none. */
  readonly honest: readonly Float32Array[]
  /** Colluders in this stage, this liar among them. */
  readonly liars: number
  /** Seats of this stage. */
  readonly seats: number
  /** What the run's rule trims. */
  readonly faults: number
  /** The last certified aggregate of this stage; null before the first. */
  readonly previousAggregate: Float32Array | null
  /** The run's rule, which is public, so that an adaptive lie can be tried before it is told; null where it cannot. */
  readonly combine: ((commits: readonly Float32Array[]) => Float32Array) | null
}

export interface BatchView extends View {
  readonly batch: Batch
  /** Tokens of the model. */
  readonly vocabulary: number
}

export interface AttackMemory {
  readonly vectors: Map<string, Float32Array>
  readonly numbers: Map<string, number>
  readonly batches: Map<string, Batch>
}

/** A lie that all colluders of a stage tell alike: worked out by the first of a round, a copy for each. */
export function agreed(
  { memory: { vectors, numbers }, round }: Pick<GradientView, 'memory' | 'round'>,
  name: string,
  work: () => Float32Array,
): Float32Array {
  const known = numbers.get(`${name}.agreed`) === round ? vectors.get(`${name}.agreed`) : undefined
  const lie = known ?? work()
  vectors.set(`${name}.agreed`, lie)
  numbers.set(`${name}.agreed`, round)
  return lie.slice()
}

export function createMemory(): AttackMemory {
  return { vectors: new Map(), numbers: new Map(), batches: new Map() }
}
