/**
 * What a simulation tells: one event a line, JSON, in virtual time. Checkers, the verdict, the report and the trace's hash
 * read nothing else, so a run is judged by what anybody can replay. Hashes and ids are hex, peers are indices.
 */
import type { Tier } from '../scenario/types.ts'

interface At {
  readonly atMs: number
}
interface OfPeer extends At {
  readonly peer: number
}
interface OfRound extends OfPeer {
  readonly stage: number
  readonly round: number
}

export type SimEvent =
  /** Which peer sits where; the first events of a trace, again when an epoch changes the group. */
  | (OfPeer & { readonly type: 'seat'; readonly stage: number; readonly name: string; readonly honest: boolean })
  /** Who has a seat of a stage in an epoch, where members change; without it the seats are those of the start. */
  | (At & { readonly type: 'seats'; readonly stage: number; readonly epoch: number; readonly peers: readonly number[] })
  /** An epoch re-forms a stage that lost its quorum: it goes on from round `base` with round `resume`. */
  | (At & {
      readonly type: 'reformed'
      readonly stage: number
      readonly epoch: number
      readonly base: number
      /** id(v) of the base. */
      readonly value: string
      readonly resume: number
      /** First block of the epoch: from it on what was anchored after the base before is not final. */
      readonly start: number
      readonly peers: readonly number[]
      /** Those of the peers that had a seat before, and claimed. */
      readonly claimants: readonly number[]
      /** Seats of the next stage that keep the base, where it is a checkpoint of theirs. */
      readonly keepers?: readonly number[]
    })
  /** An epoch finds too few peers to re-form a stage. */
  | (At & { readonly type: 'short'; readonly stage: number; readonly epoch: number; readonly needs: number })
  /** A lease was renewed by a round that is final from then on. */
  | (At & { readonly type: 'renewed'; readonly stage: number; readonly round: number; readonly value: string })
  /** A round decided that this peer comes or goes; once a stage and round. */
  | (OfRound & { readonly type: 'changed'; readonly act: string })
  | (OfPeer & {
      readonly type: 'up' | 'down' | 'synced' | 'suspended' | 'resumed'
      readonly round?: number
      readonly by?: string
    })
  | (At & {
      readonly type: 'fault' | 'healed'
      readonly fault: number
      readonly kind: string
      readonly peers: readonly number[]
    })
  /** Who is away from now on, drawn anew for this round of the stage. */
  | (At & {
      readonly type: 'absent'
      readonly stage: number
      readonly round: number
      readonly peers: readonly number[]
    })
  | (At & { readonly type: 'block'; readonly height: number; readonly hash: string; readonly finalized: boolean })
  | (OfRound & { readonly type: 'round.opened' | 'commit' | 'idle' | 'view'; readonly view?: number })
  /** Every signature that leaves a peer, with its slot (protocols/wire `slotOf`) and the hash of what it says. */
  | (OfRound & {
      readonly type: 'signed'
      readonly kind: string
      readonly slot: string | null
      readonly essence: string
      /** Where members change. */
      readonly epoch?: number
      readonly view?: number
      readonly value?: string | null
    })
  | (OfRound & {
      readonly type: 'decided'
      readonly view: number
      readonly value: string
      readonly skip: boolean
      /** Where members change. */
      readonly epoch?: number
    })
  | (OfRound & {
      readonly type: 'certified'
      readonly view: number
      readonly value: string
      readonly outcome: string
      readonly state: string
      readonly parent: { readonly value: string; readonly outcome: string }
      readonly skip: boolean
      /** Sealed commits by author: micro-batches counted and paid. */
      readonly sealed: readonly { readonly peer: number; readonly count: number; readonly trace: readonly string[] }[]
      readonly signers: readonly number[]
      /** Where members change. */
      readonly epoch?: number
      readonly next: 'promote' | 'keep' | 'adopt'
    })
  | (OfRound & {
      readonly type: 'anchored'
      readonly from: number
      readonly link: string
      readonly height: number
      readonly final: boolean
      /** Tier 0: the height that is final for the peer that tells it. */
      readonly seenAt?: number
    })
  | (OfPeer & { readonly type: 'evidence'; readonly kind: string; readonly accused: number })
  | (OfPeer & {
      readonly type: 'refused'
      readonly reason: string
      readonly from: number | null
      readonly detail?: string
    })
  | (OfRound & { readonly type: 'diverged' | 'halt'; readonly reason: string })
  | (OfRound & { readonly type: 'micro-batch'; readonly event: string; readonly id: string; readonly to?: number })
  /** An aggregate root, and what the committed inputs give; null where not all of them are held by honest peers any more. */
  | (OfRound & { readonly type: 'recomputed'; readonly expected: string; readonly got: string | null })
  /** Micro-batches that a round pays in each stage, and how many different ones its sources sealed. */
  | (At & {
      readonly type: 'paid'
      readonly round: number
      readonly paid: readonly number[]
      readonly distinct: number
    })
  /** A liar does what its attack is: from now on it can be caught. */
  | (OfPeer & { readonly type: 'attacked'; readonly attack: string; readonly round: number })
  /** A record of another peer was taken into the record book. */
  | (OfPeer & { readonly type: 'record'; readonly of: number; readonly sequence: number })
  | (OfRound & { readonly type: 'loss'; readonly train?: number; readonly heldOut?: number })
  | (At & {
      readonly type: 'message'
      readonly from: number
      readonly to: number
      readonly kind: string
      readonly round: number
      readonly bytes: number
      readonly deliveredAtMs: number | null
    })
  /** Bounds: what a peer holds now. */
  | (OfPeer & { readonly type: 'gauge'; readonly name: string; readonly value: number; readonly bound: number })
  /** A "sometimes" assertion was reached. */
  | (At & { readonly type: 'reached'; readonly state: string; readonly peer?: number })
  | (At & { readonly type: 'end'; readonly reason: 'finished' | 'limit' | 'violated' })

export type SimEventType = SimEvent['type']

export type VerdictKind = 'valid' | 'violated' | 'unknown'

export interface Violation {
  readonly checker: string
  readonly atMs: number
  /** One line, in words. */
  readonly sentence: string
  readonly peers: readonly number[]
}

export interface Verdict {
  readonly verdict: VerdictKind
  /** The first violation's, or why nothing can be said, or that all held. */
  readonly sentence: string
  readonly violations: readonly Violation[]
}

export interface RunStatistics {
  readonly virtualMs: number
  readonly wallMs: number
  readonly peers: number
  readonly roundsDecided: number
  readonly messages: number
  readonly bytes: number
  readonly microBatchesSettled: number
}

/** What one run of one seed gives. */
export interface RunResult {
  readonly tier: Tier
  readonly verdict: Verdict
  /** SHA-256 over the canonical lines of all hashed events, hex. */
  readonly traceHash: string
  readonly reached: Readonly<Record<string, number>>
  readonly statistics: RunStatistics
}
