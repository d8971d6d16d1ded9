/** A kind of fault: what it means in each tier, its parameters with their bounds, and whom it strikes. */
import type { Tier } from '../scenario/types.ts'

export interface FaultParameterRow {
  readonly unit: string
  readonly bounds: readonly [number, number]
  readonly default: number
}

export interface FaultKind {
  readonly name: string
  /** One sentence. */
  readonly about: string
  /** What carries it out in each tier that has it. */
  readonly means: Readonly<Partial<Record<Tier, string>>>
  /** 'all': the swarm's chain or network as a whole; `peers` may be empty. */
  readonly strikes: 'peers' | 'all'
  readonly parameters: Readonly<Record<string, FaultParameterRow>>
}
