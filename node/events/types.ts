/**
 * The typed event stream of a node (architecture.md, idea 5). Terminal, JSON lines, log and summary are projections of it;
 * nothing is reported that was not an event. The table of all events with their fields is docs/reference/events.md.
 */
import type { Statistic } from '../../consensus/routing/index.ts'
import type { Change, EvidenceKind, PeerName } from '../../protocols/wire/messages.ts'
import type { RefusalReason } from '../../protocols/wire/refusals.ts'
import type { ReachabilityState } from '../network/nat/types.ts'

/** Steps of starting, in order; `phase` says how long each took. */
export type StartPhase = 'chain' | 'bond' | 'dial' | 'seats' | 'sync' | 'round'

/** Where the wall time of a round goes; the parts sum to `totalMs`. */
export interface RoundTimes {
  readonly computeMs: number
  readonly transferMs: number
  readonly reduceMs: number
  readonly agreeMs: number
  readonly hashMs: number
  readonly fsyncMs: number
  readonly chainMs: number
  readonly idleMs: number
  readonly totalMs: number
}

/** One sealed commitment: micro-batches it counts, and which, as `<source>/<sequence>`. */
export interface SealedWork {
  readonly peer: PeerName
  readonly count: number
  readonly trace: readonly string[]
}

export interface NodeEvents {
  /** A step of starting ended. */
  'start.phase': { phase: StartPhase; ms: number }
  /** The embedded chain answers. */
  'chain.ready': { url: string; genesis: string }
  /** The chain does not answer: training goes on, and what was decided meanwhile is posted when it is back. */
  'chain.away': { reason: string }
  'chain.back': { height: number }
  /** What the node is waiting for, as a sentence; empty when it goes on. */
  waiting: { stage: number; for: string }
  'peer.ready': { peer: PeerName; stage: number; pid: number; addresses: readonly string[] }
  /** How others reach this peer; raised once it is known and whenever it changes. */
  reachability: { state: ReachabilityState; via: string }
  'peer.stopped': { peer: PeerName; stage: number; reason: string; exitCode: number }
  'round.started': { stage: number; round: number; epoch: number }
  /** The replica waits for another leader's proposal. */
  'round.view': { stage: number; round: number; view: number }
  'round.certified': {
    stage: number
    round: number
    view: number
    leader: PeerName
    state: string
    /** Sealed commits; 0 for SKIP. */
    commits: number
    tokens: number
    /** id(v), the outcome's hash, and the same of the round before. */
    value: string
    outcome: string
    parent: { readonly value: string; readonly outcome: string }
    signers: readonly PeerName[]
    sealed: readonly SealedWork[]
    /** What the peer did with its own execution: took it over, kept the state (SKIP), or took the siblings' state. */
    next: 'promote' | 'keep' | 'adopt'
  }
  'round.times': { stage: number; round: number; times: RoundTimes }
  'round.anchored': { stage: number; from: number; to: number; block: number; link: string }
  /** This peer's journal may lack what it has signed: it follows and signs nothing, until it is resumed. */
  suspended: { stage: number; reason: string }
  /** It signs again, from this round on. */
  resumed: { stage: number; round: number }
  /** Mean training loss of the round and the newest held-out loss, nats a byte; null until first measured. */
  loss: { round: number; train: number; heldOut: number | null; tokensPerSecond: number }
  /** Gradients of one peer that were longer than the clip's bound and scaled down. */
  clipped: {
    stage: number
    round: number
    peer: PeerName
    clipped: number
    received: number
    leastFactor: number
  }
  /** A tensor was refused as `statistics`: what was unlike siblings', and what an audit of its sender would begin with. */
  outside: {
    stage: number
    round: number
    peer: PeerName
    direction: 'forward' | 'backward'
    source: PeerName
    sequence: number
    statistic: Statistic
    value: number
    median: number
    deviation: number
    allowed: number
    references: number
    header: string
  }
  evidence: { kind: EvidenceKind; peer: PeerName }
  refused: { reason: RefusalReason; peer: PeerName }
  /** Caught up to `round` by certificates (`replay`) or from a sibling's snapshot. */
  synced: { stage: number; round: number; by: 'replay' | 'snapshot' | 'local' }
  /** How far a snapshot from siblings is; `sources`: siblings that give. */
  'sync.progress': { stage: number; bytes: number; of: number; sources: number }
  /** This peer keeps the state of another stage as it was after `round`, should that stage lose it. */
  'checkpoint.kept': { stage: number; round: number; bytes: number }
  /** Where this peer stands; `for`: what it waits for, as a sentence, empty where it takes part. Raised whenever one of them changes. */
  place: {
    peer: PeerName
    role: 'seat' | 'leaving' | 'candidate' | 'spare' | 'none'
    /** Null for a spare. */
    stage: number | null
    epoch: number
    for: string
  }
  /** A candidate executed a certified round; `vouched`: it showed the seats so by its signed OUTCOME. */
  followed: { stage: number; round: number; vouched: boolean }
  /** It was asked to stop for a while: it takes no more work, and ends once its round is certified. */
  pausing: { peer: PeerName; stage: number; round: number }
  /** It ends. Its seat stays: until this block its absence does not count; null where its stage has not decided that. */
  paused: { peer: PeerName; stage: number; round: number; untilHeight: number | null }
  /** A round decided whom the stage admits and lets go. */
  'membership.changed': { stage: number; round: number; epoch: number; changes: readonly Change[] }
  /** What an epoch that began made of a peer's place. */
  seat: {
    peer: PeerName
    stage: number
    epoch: number
    became: 'seated' | 'leaving' | 'unseated' | 'candidate'
  }
  /** Seats that each stage lacks from this epoch on; raised when it changes. */
  shortage: { epoch: number; lacking: readonly number[] }
  /** The stage's lease ran out, so this peer does not vote, or was renewed, so it votes again. */
  lease: { stage: number; isHeld: boolean; untilHeight: number }
  /** A stage lost its quorum: its members claim what is left of it until this block; peers that it lacks after that. */
  'stage.lost': { stage: number; untilHeight: number; needs: number }
  /** A certificate that came late renewed the lease of a stage that was lost: it goes on as it was, after `round` at least. */
  'stage.kept': { stage: number; round: number }
  /** It goes on from the state of round `base`, which its members claimed or the next stage kept, with round `resume`, by these seats. */
  'stage.recovered': {
    stage: number
    base: number
    by: 'claims' | 'checkpoint'
    resume: number
    seats: readonly PeerName[]
  }
  /** The last round that was asked for is certified by every stage; the peer goes on serving until it is stopped. */
  'run.finished': { round: number }
  /** At the end of a peer: bytes that it sent, by kind of traffic. */
  traffic: { peer: PeerName; sentBytes: Readonly<Record<string, number>> }
  warning: { message: string }
  summary: Summary
}

export interface Summary {
  readonly run: string
  readonly rounds: { readonly certified: number; readonly final: number }
  readonly heldOut: { readonly first: number | null; readonly last: number | null }
  readonly tokens: number
  readonly tokensPerSecond: number
  readonly seconds: number
  /** Bytes sent over the network, by kind of traffic. */
  readonly bytesSent: Readonly<Record<string, number>>
  /** Points a peer. */
  readonly points: Readonly<Record<PeerName, number>>
  readonly files: readonly string[]
}

export type EventName = keyof NodeEvents

/** One event: its name, when it was raised (ms since the epoch) and its fields. */
export type NodeEvent = {
  [Name in EventName]: { readonly event: Name; readonly timeMs: number } & NodeEvents[Name]
}[EventName]

const EVENT_NAMES: Record<EventName, true> = {
  'start.phase': true,
  'chain.ready': true,
  'chain.away': true,
  'chain.back': true,
  waiting: true,
  'peer.ready': true,
  reachability: true,
  'peer.stopped': true,
  'round.started': true,
  'round.view': true,
  'round.certified': true,
  'round.times': true,
  'round.anchored': true,
  suspended: true,
  resumed: true,
  loss: true,
  clipped: true,
  outside: true,
  evidence: true,
  refused: true,
  synced: true,
  'sync.progress': true,
  'checkpoint.kept': true,
  place: true,
  followed: true,
  pausing: true,
  paused: true,
  'membership.changed': true,
  seat: true,
  shortage: true,
  lease: true,
  'stage.lost': true,
  'stage.kept': true,
  'stage.recovered': true,
  'run.finished': true,
  traffic: true,
  warning: true,
  summary: true,
}

/** Is this object an event, as far as its name tells? Only from our own children: its fields are not checked. */
export function isNodeEvent(message: object): message is NodeEvent {
  return 'event' in message && typeof message.event === 'string' && message.event in EVENT_NAMES
}
