import type { RandomStream } from '../../kernel/random.ts'
import type { SimPeer } from '../peer.ts'
import type { World } from '../world.ts'

export interface StruckWorld {
  readonly world: World
  readonly peers: readonly SimPeer[]
  /** Of this fault alone. */
  readonly random: RandomStream
  readonly durationMs: number
  /** A parameter, or its default. */
  number(name: string): number
}

/** Begins a fault; what it returns ends it. */
export type FaultStart = (struck: StruckWorld) => () => void
