import type { FaultStart as Start, Struck } from '../../faults/types.ts'
import type { SimPeer } from '../peer.ts'
import type { World } from '../world.ts'

export type StruckWorld = Struck<World, SimPeer>
export type FaultStart = Start<World, SimPeer>
