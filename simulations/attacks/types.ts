/** The table rules x attacks: what is asked for, and what a cell says. */
import type { RuleName } from '../../consensus/aggregation/index.ts'
import type { Interval } from './statistics.ts'

/** i.i.d.: all lanes draw from the whole book, as the product does; chapters: each lane from one chapter of its own. */
export type DataSplit = 'i.i.d.' | 'chapters'

export interface Setting {
  /** Seats of each stage. */
  readonly replicas: number
  /** Liars of each stage, and what the rule trims. */
  readonly faults: number
  readonly data: DataSplit
  /** Decay of the worker momentum; 0: none. */
  readonly beta1: number
}

export interface AttackCase {
  /** Of `simulations/attackers/gradient`; null: nobody lies. */
  readonly attack: string | null
  readonly parameters: Readonly<Record<string, number>>
}

export interface AttackTableOptions {
  readonly settings: readonly Setting[]
  readonly rules: readonly RuleName[]
  readonly attacks: readonly AttackCase[]
  /** Trainings a cell, with seeds 1 to this. */
  readonly seeds: number
  readonly rounds: number
  readonly signal: AbortSignal
}

export interface Cell extends Setting, AttackCase {
  readonly rule: RuleName
  readonly rounds: number
  /** Trained on, over all lanes. */
  readonly tokens: number
  /** Held-out loss after the last round, nats a byte, by seed. */
  readonly losses: readonly number[]
  readonly loss: Interval
  /** The loss less that of the clean training of the same seed, setting and rule; 0 for the clean one. */
  readonly harm: Interval
  /** Commits that the door refused, a training. */
  readonly refused: number
}
