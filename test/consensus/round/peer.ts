/** One driver of the simulated stage: its machine, its disk, and what became of it. */
import type { MembershipContext, Wish } from '../../../consensus/membership/index.ts'
import { createRound, type RoundContext } from '../../../consensus/round/index.ts'
import type { RestoredRound, RoundState } from '../../../consensus/round/types.ts'
import { hashHex } from '../../../protocols/wire/hash.ts'
import type { Certificate, Commit, Hash, Payload, PeerName, Signed } from '../../../protocols/wire/messages.ts'
import { hashOf } from './fixtures.ts'
import type { Strategy } from './liar.ts'
import type { Members } from './members.ts'

export interface SwarmOptions {
  readonly seats: number
  readonly seed: number
  /** How many lie, at most f. */
  readonly liars: number
  /** Until then the network is hostile and honest peers crash; 0: never. */
  readonly healAtMs: number
  readonly strategy?: Strategy
  /** Seats whose work is done only after the others'. */
  readonly late?: number
  /** Seats that have too little work. */
  readonly idle?: number
  /** Share of messages that are lost before the network heals. */
  readonly loss?: number
  /** Members may change: who was absent before this round, who may come and who leaves already, and what everybody wishes. */
  readonly members?: (stage: { readonly honest: readonly PeerName[]; readonly liars: readonly PeerName[] }) => {
    readonly absent?: readonly PeerName[]
    readonly context?: Partial<MembershipContext>
    readonly wishes?: (members: Members) => readonly Wish[]
  }
  /** Replicas hear of connections that come and go. */
  readonly tellsReachable?: boolean
}

/** How long late seats work, in milliseconds. */
export const LATE_MS = 500

/** What survives a crash. */
interface Disk {
  readonly slots: Map<string, Signed>
  lock: Pick<RestoredRound, 'lock' | 'valid'>
  /** Encoded partitions by author, root and partition. */
  readonly partitions: Set<string>
  /** The COMMITs that those belong to. */
  readonly commits: Set<Signed<Commit>>
}

export interface Peer {
  readonly name: PeerName
  readonly context: RoundContext
  readonly isLiar: boolean
  readonly disk: Disk
  state: RoundState
  up: boolean
  /** Timers of before a crash must not fire after it. */
  life: number
  readonly timers: Map<string, number>
  work: Commit | 'idle' | null
  certificate: Certificate | null
  outcome: Hash | null
  done: 'promote' | 'keep' | 'adopt' | null
  /** View in which it decided. */
  decidedIn: number | null
}

export function newPeer(context: RoundContext, name: PeerName, isLiar: boolean): Peer {
  return {
    name,
    context,
    isLiar,
    disk: { slots: new Map(), lock: { lock: null, valid: null }, partitions: new Set(), commits: new Set() },
    state: createRound(context).state,
    up: true,
    life: 0,
    timers: new Map(),
    work: null,
    certificate: null,
    outcome: null,
    done: null,
    decidedIn: null,
  }
}

export function aggregateHash(partition: number, leaves: readonly Hash[]): Hash {
  return hashOf(`aggregate ${partition} of ${leaves.map(hashHex).join()}`)
}

export function isOutcome(signed: Signed): signed is Signed<Extract<Payload, { kind: 'outcome' }>> {
  return signed.payload.kind === 'outcome'
}

export function isCommit(signed: Signed): signed is Signed<Commit> {
  return signed.payload.kind === 'commit'
}
