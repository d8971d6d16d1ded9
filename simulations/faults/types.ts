/** A kind of fault: what it means in each tier, its parameters with their bounds, and whom it strikes. */
import type { RandomStream } from '../kernel/random.ts'
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

/** What a fault strikes, in a tier's world. */
export interface Struck<World, Peer> {
  readonly world: World
  readonly peers: readonly Peer[]
  /** Of this fault alone. */
  readonly random: RandomStream
  readonly durationMs: number
  /** A parameter, or its default. */
  number(name: string): number
}

/** Begins a fault; what it returns ends it. */
export type FaultStart<World, Peer> = (struck: Struck<World, Peer>) => () => void
