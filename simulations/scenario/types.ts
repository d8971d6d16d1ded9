/**
 * The scenario language: one typed value, also JSON, says what a simulation runs. A `Scenario` may leave faults and liars to
 * the seed; `drawScenario` (draw.ts) makes a `ConcreteScenario` of it, in which nothing is left to chance but what the seed
 * of the network and of the peers decides. Shrinking, replay and regression tests work on concrete ones.
 */

/** 0: the pure machines; 1: the real libp2p stack and engine in virtual time; 2: real processes. */
export type Tier = 0 | 1 | 2

export type LatencyClass = 'lan' | 'home' | 'wan' | 'satellite'
export type NatKind = 'none' | 'cone' | 'symmetric'

export interface PeerShape {
  /** Frozen stake, in units of the manifest's floor. */
  readonly stake: number
  /** Of computing; 1 is nominal, 0.1 ten times slower. */
  readonly speed: number
  readonly memoryMiB: number
  readonly upMbps: number
  readonly downMbps: number
  readonly latency: LatencyClass
  readonly nat: NatKind
}

/** Differs from the default shape; `index` counts peers from 0 (peer i is dealt to a stage by the beacon). */
export interface PeerOverride extends Partial<PeerShape> {
  readonly index: number
}

export interface NetworkModel {
  /** Share of packets lost; a lost packet of a connection is sent again after `retransmitMs`. */
  readonly loss: number
  readonly retransmitMs: number
  /** Least one-way delay of every link; absent: that of the two peers' latency classes. */
  readonly delayMs?: number
  /** Half-width of the uniform jitter, all of it beyond the least delay. */
  readonly jitterMs: number
}

export interface ChainModel {
  readonly blockMs: number
  /** Blocks by which the finalised head lags the best one. */
  readonly finalityBlocks: number
  /** Absent: the shipped start value. */
  readonly epochBlocks?: number
  readonly anchorEvery?: number
  /** Blocks that a stage's lease lasts; where it is named, stages that lose their quorum are re-formed even without spares. */
  readonly leaseBlocks?: number
  readonly claimDelayBlocks?: number
  readonly claimWindowBlocks?: number
}

export interface Workload {
  /** Rounds to decide; the run is over when every honest peer that is up has them. */
  readonly rounds: number
  /** Micro-batches that close a round. */
  readonly target: number
  /** A source counts up to this many times its share of the target; absent: the shipped start value. */
  readonly slack?: number
  /** Second copies that a sender may send out in a round, as a share of what is due to it; absent: the shipped start value. */
  readonly hedges?: number
  /** Nominal milliseconds of one micro-batch's forward and backward in one stage. */
  readonly forwardMs: number
  readonly backwardMs: number
  /** Bytes of a boundary tensor on the wire. */
  readonly boundaryBytes: number
  /** Values of a stage's gradient. Tier 0 computes with them for real, so they are few; `partitionBytes` says what they weigh. */
  readonly gradientValues: number
  /** Bytes of a stage's whole gradient on the wire. */
  readonly gradientBytes: number
  readonly rule: 'mean' | 'trimmed-mean' | 'median'
  /** Rounds between two full roots; absent: the shipped start value. */
  readonly rootEvery?: number
}

export interface Timing {
  readonly roundMs: number
  readonly drainMs: number
  readonly hopMs: number
  readonly proposeMs: number
  readonly voteMs: number
  readonly graceCapMs: number
  readonly reduceMs: number
}

/** Which peers: those listed, or drawn from the seed among those of a stage (or of all). */
export type PeerSelector =
  | { readonly peers: readonly number[] }
  | { readonly stage?: number; readonly count: number }
  | { readonly stage?: number; readonly share: number }

/** A fault as the seed draws it: so many a minute of virtual time, each lasting between the two bounds. */
export interface FaultRate {
  readonly kind: string
  readonly perMinute: number
  readonly durationMs: readonly [number, number]
  readonly who?: PeerSelector
  /** Parameters of the kind (faults/); a pair of numbers is a range that the seed draws from. */
  readonly with?: Readonly<Record<string, FaultParameter | readonly [number, number]>>
}

export type FaultParameter = number | string | boolean

/** A fault at a time. `peers` are indices; what they mean depends on the kind. */
export interface Fault {
  readonly kind: string
  readonly atMs: number
  readonly durationMs: number
  readonly peers: readonly number[]
  readonly with?: Readonly<Record<string, FaultParameter>>
}

/** Liars: each of the selected peers runs this attack (attackers/) from `fromMs` on. Colluders share one strategy. */
export interface AttackerSpec {
  readonly attack: string
  readonly who: PeerSelector
  readonly fromMs?: number
  readonly with?: Readonly<Record<string, FaultParameter>>
}

export interface Attacker {
  readonly attack: string
  readonly peers: readonly number[]
  readonly fromMs: number
  readonly with?: Readonly<Record<string, FaultParameter>>
}

export interface SwarmShape {
  readonly stages: number
  readonly replicas: number
  /** Peers that bond once the run has started and wait for a seat; they are numbered after the seats. Members change only where there are some. */
  readonly spares?: number
  readonly peers?: readonly PeerOverride[]
}

interface ScenarioBase {
  readonly version: 1
  readonly name: string
  /** One sentence: what it shows. */
  readonly about: string
  readonly tiers: readonly Tier[]
  readonly swarm: SwarmShape
  readonly peer: PeerShape
  readonly network: NetworkModel
  readonly chain: ChainModel
  readonly workload: Workload
  readonly timing: Timing
  /** All faults are over from then on; liveness is checked after it. 0: there are none. */
  readonly healAtMs: number
  /** Virtual time after which a run that is not finished is judged. */
  readonly limitMs: number
  /** Checkers (checkers/) by name; 'all': every one that the tier has the events for. */
  readonly checks: 'all' | readonly string[]
  /** States ("sometimes" assertions) that a sweep of this scenario must reach at least once, else it is unknown. */
  readonly reaches: readonly string[]
}

export interface Scenario extends ScenarioBase {
  readonly faults: readonly (Fault | FaultRate)[]
  readonly attackers: readonly AttackerSpec[]
}

export interface ConcreteScenario extends ScenarioBase {
  readonly seed: number
  readonly faults: readonly Fault[]
  readonly attackers: readonly Attacker[]
}
