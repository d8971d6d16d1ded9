/** What a peer is told, and what it is handed: the same composition runs on a real machine, in tests and under simulation. */
import type { PrivateKey } from '@libp2p/interface'
import type { Chain } from '../../consensus/chain/types.ts'
import type { Clock, Digest, Random } from '../../protocols/wire/environment.ts'
import type { SyncSpeeds } from '../config/sync.ts'
import type { Corpus } from '../data/index.ts'
import type { StageEngine } from '../engine/runtime/types.ts'
import type { EventBus } from '../events/bus.ts'
import type { NatInit, Network, NetworkInit } from '../network/index.ts'
import type { Run } from '../run/folder.ts'
import type { ChainWatch } from './chain-watch.ts'
import type { PeerDisk } from './disk.ts'
import type { PeerParts } from './types.ts'

export interface PeerInit {
  readonly run: Run
  readonly folder: string
  readonly listen: readonly string[]
  readonly bootstrap: readonly string[]
  /** What others are told to dial, in place of `listen`; empty: what is listened on. */
  readonly announce: readonly string[]
  /** Relays, port mapping and the like; not used where only this machine can dial. */
  readonly nat?: NatInit
  /** How fast state is given and fetched. */
  readonly sync?: SyncSpeeds
  readonly corpus: Corpus
  /** That compute. */
  readonly threads: number
  /** What this machine gives to a stage; absent: whatever the stage takes. */
  readonly memoryBytes?: number
  /** Trains up to this round, then only serves; null: until stopped. */
  readonly untilRound: number | null
  /** Newest rounds whose certificates stay on the disk; older ones go once the chain vouches for them. */
  readonly keepRounds?: number
  readonly bus: EventBus
  /** Asks it to pause: to hand its work over and end, its seat kept. Fires once. */
  readonly pause?: AbortSignal
  /** Stops the peer: it flushes, and the composition resolves. */
  readonly signal: AbortSignal
}

/** What a machine gives to its stage. */
export type ComputeShare = Pick<PeerInit, 'threads' | 'memoryBytes'>

export interface PeerEnvironment {
  readonly privateKey: PrivateKey
  readonly chain: Chain
  readonly clock: Clock
  readonly random: Random
  readonly digest: Digest
  /** @param folder - where a real machine has it */
  openDisk(folder: string): PeerDisk
  openEngine(run: Run, stage: number, given: ComputeShare, onDeath: (error: Error) => void): Promise<StageEngine>
  createNetwork(init: NetworkInit): Promise<Network>
  /** What the rounds are given in place of the parts; attackers wrap those that a dishonest peer would. */
  wrapParts?(parts: PeerParts): PeerParts
}

/** No part of a peer asks a chain that is away and ends with it. */
export type WatchedEnvironment = PeerEnvironment & { readonly chain: ChainWatch }
