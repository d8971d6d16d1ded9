/** Everything the machine remembers of a round. Every collection is bounded: by seats, by partitions or by the view window. */
import { equalBytes } from '../../protocols/wire/hash.ts'
import type {
  Aggregate,
  Certificate,
  Commit,
  Hash,
  Have,
  Held,
  Idle,
  Outcome,
  PeerName,
  Precommit,
  Prevote,
  Proposal,
  Signed,
  Value,
} from '../../protocols/wire/messages.ts'
import { roundRoles } from '../election/roles.ts'
import type { Wish } from '../membership/types.ts'
import { isAway, leadersOf } from './away.ts'
import { SILENT_WAITS } from './constants.ts'
import { patienceMs } from './emit.ts'
import { type Measured, type Tempo, type Waits, waitsOf } from './tempo.ts'
import type { Lock, Polka, RoundContext, RoundEffect } from './types.ts'

/** A value, its id, and those of its COMMITs that are here. */
export interface KnownValue {
  readonly id: Hash
  readonly value: Value
  /** By author; only those that the value seals. */
  readonly commits: Map<PeerName, Signed<Commit>>
}

/** The first proposal of a view. */
export interface ProposalRecord {
  readonly signed: Signed<Proposal>
  readonly known: KnownValue
  /** What is wrong with it for good, or null. */
  readonly fault: string | null
  /** Shown with it: availability and changes of a fresh value, or the polka of its `validView`. */
  proven: boolean
}

/** Q prevotes equal in (id, validView); the value itself may still be unknown here. */
export interface PrevoteQuorum {
  readonly view: number
  readonly value: Hash
  readonly votes: readonly Signed<Prevote>[]
}

/** The newest polka whose value is known, with that value. */
export interface ValidValue extends Polka {
  readonly known: KnownValue
}

/** One partition of the value that is being executed. */
export interface PartitionProgress {
  asked: boolean
  /** Own result; zero where the rule refused. */
  own: Hash | null
  /** The hash that counts: signed by f + 1 candidates, or recomputed. */
  taken: Hash | null
  /** The bytes of `taken` are here. */
  local: boolean
  gathering: boolean
}

export interface Execution {
  readonly known: KnownValue
  readonly parts: readonly PartitionProgress[]
  /** `execute` was asked for. */
  asked: boolean
  /** What the own execution gave, signed unless this is a follower. */
  outcome: Outcome | null
  /** Hex of its hash, by which it is compared with what others signed; empty before. */
  key: string
}

export interface CountedOutcome {
  readonly signed: Signed<Outcome>
  /** Hex of the outcome's hash, which leaves out `heard`. */
  readonly key: string
}

export type VoteStep = 'propose' | 'prevote' | 'precommit'

/** What of the own is kept for re-sending. */
export type OwnKind = 'commit' | 'idle' | 'have' | VoteStep | 'outcome'

export type VotesByView<Vote extends Prevote | Precommit> = Map<number, Map<PeerName, Signed<Vote>>>

export interface RoundState {
  readonly context: RoundContext
  /** Leader of view w: element w modulo their number. */
  readonly proposers: readonly PeerName[]
  /** The 2f + 1 candidates of each partition, in rank order. */
  readonly candidates: readonly (readonly PeerName[])[]
  nowMs: number
  /** What this round waits for; fixed at its start. */
  readonly waits: Waits
  /** With what this round has measured. */
  tempo: Tempo
  /** Since when each is waited for; null where it is not, or was measured. */
  readonly sinceMs: Record<Measured, number | null>
  /** Effects of the current step. */
  effects: RoundEffect[]
  /** Armed timers. */
  readonly timers: Set<string>
  /** Seats that spoke in this round. */
  readonly heard: Set<PeerName>
  /** Siblings that are not connected now. */
  readonly gone: Set<PeerName>
  /** When each of them spoke last. */
  readonly spokeAtMs: Map<PeerName, number>
  status: string

  /** First COMMIT and IDLE of each seat, and its fullest HAVE. */
  readonly commits: Map<PeerName, Signed<Commit>>
  readonly idles: Map<PeerName, Signed<Idle>>
  readonly haves: Map<PeerName, Signed<Have>>
  /** The same, by author. */
  readonly holdings: Map<PeerName, ReadonlyMap<PeerName, Held>>
  /** Cache: commitments that are available now; null when COMMITs or HAVEs changed. */
  available: readonly Signed<Commit>[] | null
  /** When the first COMMIT was seen, and when enough were available. */
  startedAtMs: number | null
  enoughAtMs: number | null
  /** What this peer holds as a candidate: one root an author. */
  readonly stored: Map<PeerName, { readonly root: Hash; readonly bitmap: Uint8Array }>
  /** Root of the own commitment. */
  ownRoot: Hash | null
  /** Time-outs of the scatter so far. */
  scatterLevel: number
  /** Candidates that have acknowledged all partitions that they were sent at once. */
  readonly measured: Set<PeerName>
  /** Finalised blocks by height, and the one that was asked for. */
  readonly blocks: Map<number, Hash>
  askedBlock: number | null

  /** Changes of members that this replica proposes when it leads, by peer: each can be decided in this round. */
  readonly wishes: Map<PeerName, Wish>

  /** Tendermint, Algorithm 1. */
  view: number
  step: VoteStep
  /** View 0 is clocked from when Q seats have closed their work. */
  begun: boolean
  /** The view in which this leader has waited long enough to propose SKIP. */
  skipView: number
  /** The newest view in which the wait for a leader that is gone was cut short. */
  hastened: number
  lock: Lock | null
  valid: ValidValue | null
  readonly proposals: Map<number, ProposalRecord>
  readonly prevotes: VotesByView<Prevote>
  readonly precommits: VotesByView<Precommit>
  readonly polkas: Map<number, PrevoteQuorum>
  /** Newest views of which all that are awake have voted. */
  readonly hurried: Record<'prevote' | 'precommit', number>
  /** How far each seat has shown to be: 3 * view + step. */
  readonly positions: Map<PeerName, number>
  /** The highest of them, or -1. */
  farthest: number
  /** The decided value's id, and Q PRECOMMITs for it unless outcomes or a certificate have shown it. */
  decided: { readonly value: Hash; readonly proof: readonly Signed<Precommit>[] } | null
  /** The timers of the vote were stopped, since it was decided. */
  stopped: boolean

  /** Highest views for which a signature was asked for; nothing is signed for these or below. */
  readonly signedViews: Record<VoteStep, number>
  /** COMMIT or IDLE, and OUTCOME: asked for once. */
  signedWork: boolean
  signedOutcome: boolean
  /** Own newest message of each kind, and what travels with it. */
  readonly own: Map<OwnKind, Signed>
  readonly attached: Map<OwnKind, readonly Uint8Array[]>

  execution: Execution | null
  /** The decided value is under execution. */
  executing: boolean
  /** Time-outs since the decision: how many candidates beyond f + 1 work. */
  reduceLevel: number
  /** Of each seat: the aggregates it signed, by value (hex), then partition. */
  readonly aggregates: Map<PeerName, Map<string, Map<number, Signed<Aggregate>>>>
  readonly outcomes: Map<PeerName, CountedOutcome>
  /** The same by key, each sorted by signer. */
  readonly equalOutcomes: Map<string, CountedOutcome[]>
  certificate: {
    readonly certificate: Certificate
    readonly outcome: Outcome
    readonly signers: readonly PeerName[]
  } | null
  /** Whom evidence was given against, and of which kind: once each. */
  readonly accused: Set<string>
  diverged: boolean
  halted: boolean
  done: boolean
  /** How often each seat was seen to be stuck after the certificate, and whom this interval has seen. */
  readonly stuck: Map<PeerName, number>
  readonly seenStuck: Set<PeerName>
}

export function emptyState(context: RoundContext): RoundState {
  const { group, scope, beacon } = context
  const draw = { beacon, run: scope.run, stage: scope.stage, round: scope.round }
  const { proposers, candidates } = roundRoles(draw, group, context)
  return {
    context,
    proposers: leadersOf(context, proposers),
    candidates,
    nowMs: 0,
    waits: waitsOf(context.tempo, context.timeouts),
    tempo: context.tempo,
    sinceMs: { scatter: null, execute: null },
    effects: [],
    timers: new Set(),
    heard: new Set(),
    gone: new Set(),
    spokeAtMs: new Map(),
    status: '',
    commits: new Map(),
    idles: new Map(),
    haves: new Map(),
    holdings: new Map(),
    available: null,
    startedAtMs: null,
    enoughAtMs: null,
    stored: new Map(),
    ownRoot: null,
    scatterLevel: 0,
    measured: new Set(),
    blocks: new Map([[context.parentReference.height, context.parentReference.hash]]),
    askedBlock: null,
    wishes: new Map(),
    view: 0,
    step: 'propose',
    begun: false,
    skipView: -1,
    hastened: -1,
    lock: null,
    valid: null,
    proposals: new Map(),
    prevotes: new Map(),
    precommits: new Map(),
    polkas: new Map(),
    hurried: { prevote: -1, precommit: -1 },
    positions: new Map(),
    farthest: -1,
    decided: null,
    stopped: false,
    signedViews: { propose: -1, prevote: -1, precommit: -1 },
    signedWork: false,
    signedOutcome: false,
    own: new Map(),
    attached: new Map(),
    execution: null,
    executing: false,
    reduceLevel: 0,
    aggregates: new Map(),
    outcomes: new Map(),
    equalOutcomes: new Map(),
    certificate: null,
    accused: new Set(),
    diverged: false,
    halted: false,
    done: false,
    stuck: new Map(),
    seenStuck: new Set(),
  }
}

/** The value with this id, if any proposal, polka or certificate has brought it. */
export function knownValue(state: RoundState, id: Hash): KnownValue | null {
  if (state.execution !== null && equalBytes(state.execution.known.id, id)) return state.execution.known
  if (state.valid !== null && equalBytes(state.valid.value, id)) return state.valid.known
  for (const { known } of state.proposals.values()) if (equalBytes(known.id, id)) return known
  return null
}

/** A signed proposal that carries the value with this id, of whatever view. */
export function carrierOf(state: RoundState, id: Hash): Signed<Proposal> | null {
  if (state.valid !== null && equalBytes(state.valid.value, id)) return state.valid.proposal
  for (const { known, signed } of state.proposals.values()) if (equalBytes(known.id, id)) return signed
  return null
}

/**
 * Those that this round has heard and that did not fall silent since, and this peer; while it has heard no quorum, also those that the
 * round before has heard and that announced no pause.
 */
export function awake(state: RoundState, peers: readonly PeerName[]): readonly PeerName[] {
  const { context, heard } = state
  const { self, group, tempo } = context
  const isEarly = heard.size < group.quorum
  const isExpected = (peer: PeerName): boolean =>
    isEarly && !tempo.silent.includes(peer) && !isAway(context, heard, peer)
  return peers.filter(peer => peer === self || (heard.has(peer) ? !isSilent(state, peer) : isExpected(peer)))
}

/**
 * It cannot speak, or has stopped. Not who was merely not heard yet, also in the round before: far from the others it would never be
 * heard again, as rounds in which nobody waited for it would be over before its words are there.
 */
export function isLost(state: RoundState, peer: PeerName): boolean {
  const { context, heard, gone } = state
  return peer !== context.self && (gone.has(peer) || (heard.has(peer) && isSilent(state, peer)))
}

/** It spoke in this round, but it has not said again what everybody repeats: it hangs, or is cut off. */
function isSilent(state: RoundState, peer: PeerName): boolean {
  const spokeAtMs = state.spokeAtMs.get(peer) ?? state.nowMs
  return state.nowMs - spokeAtMs > SILENT_WAITS * patienceMs(state, state.context.timeouts.voteMs)
}

/** The f + 1 candidates of a partition that are to work on it: the first that are awake, then the others. */
export function firstAwake(state: RoundState, candidates: readonly PeerName[]): readonly PeerName[] {
  return [...new Set([...awake(state, candidates), ...candidates])].slice(0, state.context.group.faults + 1)
}

/** What the next round begins with. */
export function tempoOf({ tempo, heard, context }: RoundState): Tempo {
  const { self, group } = context
  if (heard.size < group.quorum) return tempo
  return { ...tempo, silent: group.seats.flatMap(({ peer }) => (peer === self || heard.has(peer) ? [] : [peer])) }
}

/** Seats whose work is over: they have committed, or have nothing to commit. */
export function closedSeats({ commits, idles }: RoundState): number {
  let closed = commits.size
  for (const peer of idles.keys()) if (!commits.has(peer)) closed++
  return closed
}

export function leaderOf(state: RoundState, view: number): PeerName | null {
  return state.proposers[view % state.proposers.length] ?? null
}
