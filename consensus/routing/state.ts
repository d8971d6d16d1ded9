/** State of the work machine and the few moves that all its parts share. */
import type { Hash, MicroBatchId, PeerName } from '../../protocols/wire/messages.ts'
import type { StatisticsReport } from '../../protocols/wire/tensor-statistics.ts'
import type { RoundMeasures } from './measures.ts'
import { observeTrip, type Pace, type PaceContext } from './pace.ts'
import type { Samples } from './references.ts'
import type {
  Accumulated,
  AccumulatorName,
  ForwardInput,
  TensorHandle,
  WorkContext,
  WorkEffect,
  WorkEvent,
} from './types.ts'

/**
 * Where a micro-batch stands here:
 * drawing (source) -> queued -> forwarding -> sent <-> waiting -> gradient -> backward -> returning -> done, or lost.
 * The head goes from forwarding to returning; the source from backward to done.
 */
export type JobPhase =
  | 'drawing'
  | 'queued'
  /** A forward or head computation is with the engine. */
  | 'forwarding'
  /** The activation was sent; an answer or the gradient is due. */
  | 'sent'
  /** The hop said BUSY or WAIT: it is asked again later. */
  | 'waiting'
  /** The gradient is here and waits for the engine. */
  | 'gradient'
  | 'backward'
  /** Accumulated; the input's gradient is on its way up. */
  | 'returning'
  | 'done'
  | 'lost'

/** One micro-batch at this replica; it passes here at most once a round. */
export interface Job {
  readonly key: string
  readonly id: MicroBatchId
  /** Who sent the forward; null at the source. */
  readonly from: PeerName | null
  /** Holders of the stages before this one. */
  readonly path: readonly PeerName[]
  readonly settledBelow: number
  phase: JobPhase
  input: TensorHandle | null
  /** Activation sent onwards. */
  output: TensorHandle | null
  /** Gradient received from the next stage. */
  gradient: TensorHandle | null
  /** Gradient for the stage before. */
  result: TensorHandle | null
  /** The hop that it was last sent to. */
  hop: PeerName | null
  /** The hop that got a second copy. */
  hedge: PeerName | null
  /** All hops so far, with the time at which it was sent there; null once they hold it no more, or that time says nothing. */
  readonly tried: Map<PeerName, number | null>
  /** When it was drawn or arrived. */
  readonly beganAtMs: number
  /** When it was sent to each hop, whatever became of it. */
  readonly sentMs: Map<PeerName, number>
  /** Hops that failed, or failed deliveries of the gradient. */
  failures: number
  /** BUSY answers of the present hop. */
  busy: number
  /** Milliseconds and times that the present hop was late for. */
  lateMs: number
  late: number
  /** Numbers of the outstanding transfers, of the tensor and of its copy, or 0. */
  transfer: number
  hedgeTransfer: number
  /** All holders, once the backward path is known. */
  holders: readonly PeerName[]
  lossMicronats: number
  /** Hash of the backward header that came from the next stage. */
  header: Hash | null
}

export interface Tally extends Accumulated {
  count: number
  lossSumMicronats: number
  readonly trace: Accumulated['trace'][number][]
}

export function newTally(): Tally {
  return { count: 0, lossSumMicronats: 0, trace: [] }
}

export interface Transfer {
  readonly key: string
  readonly to: PeerName
  readonly direction: 'forward' | 'backward'
  readonly atMs: number
  readonly timeoutMs: number
}

export type RoundPhase = 'open' | 'closed' | 'committed' | 'over'

export interface WorkState {
  readonly context: WorkContext
  readonly lane: number
  phase: RoundPhase
  started: boolean
  /** It takes nothing more, and begins no more than a commitment needs. */
  pausing: boolean
  /** The driver's clock at this step; its zero does not matter. */
  nowMs: number
  /** Every stage has reached the round. */
  pipelineReady: boolean
  /** When the round had begun here and in every stage, and when it closed. */
  openedAtMs: number
  closedAtMs: number
  /** Something was under way at the close. */
  hasDrain: boolean
  pace: Pace
  readonly laps: Laps
  readonly measures: RoundMeasures
  /** Copies sent, and whether the timer for the next is set. */
  hedged: number
  hedgeTimer: boolean
  /** The drain's time is up: nothing that accumulates starts any more. */
  drained: boolean
  readonly jobs: Map<string, Job>
  /** Keys in order of arrival; a key whose job has moved on is skipped. */
  readonly forwards: string[]
  readonly backwards: string[]
  /** Computations with the engine, by key. */
  readonly computing: Map<string, AccumulatorName | null>
  readonly transfers: Map<number, Transfer>
  lastTransfer: number
  parked: ForwardInput[]
  nextSequence: number
  settled: number
  root: Hash
  /** Peers that failed lately or have no connection: tried last. */
  readonly down: Set<PeerName>
  /** Peers that are still starting: what goes to them waits. */
  readonly awaited: Set<PeerName>
  readonly tallies: Record<AccumulatorName, Tally>
  /** What siblings said of theirs, and what was taken here in this round (references.ts). */
  readonly references: Map<PeerName, StatisticsReport>
  readonly samples: Readonly<Record<'forward' | 'backward', Samples>>
}

/** A source's settled micro-batches, for the window of the next round. */
export interface Laps {
  leastMs: number
  firstAtMs: number
  lastAtMs: number
}

/** One step under way. */
export interface Step {
  readonly state: WorkState
  readonly effects: WorkEffect[]
}

export function jobKey(id: MicroBatchId): string {
  return `${id.source}/${id.sequence}`
}

export function newJob(id: MicroBatchId, input: ForwardInput | null, beganAtMs: number): Job {
  return {
    key: jobKey(id),
    id,
    from: input?.from ?? null,
    path: input?.path ?? [],
    settledBelow: input?.settledBelow ?? 0,
    phase: input === null ? 'drawing' : 'queued',
    input: input?.tensor ?? null,
    output: null,
    gradient: null,
    result: null,
    hop: null,
    hedge: null,
    tried: new Map(),
    beganAtMs,
    sentMs: new Map(),
    failures: 0,
    busy: 0,
    lateMs: 0,
    late: 0,
    transfer: 0,
    hedgeTransfer: 0,
    holders: [],
    lossMicronats: 0,
    header: null,
  }
}

export function isLastStage({ context }: WorkState): boolean {
  return context.stage === context.lanes.rankings.length - 1
}

export function paceContext({ context }: WorkState): PaceContext {
  return { timing: context.timing, below: context.lanes.rankings.length - 1 - context.stage }
}

/** A hop gave the gradient back: how long it took, where that is known, and it holds the micro-batch no more. */
export function noteReturned(state: WorkState, job: Job, from: PeerName): void {
  const sentAtMs = job.tried.get(from) ?? null
  if (sentAtMs === null) return
  state.pace = observeTrip(state.pace, 'gradient', from, state.nowMs - sentAtMs, paceContext(state))
  job.tried.set(from, null)
}

/** Only hops that are late have it. */
export function isHopeless({ pace }: WorkState, { phase, hop, hedge }: Job): boolean {
  return phase === 'sent' && hop !== null && pace.late.has(hop) && (hedge === null || pace.late.has(hedge))
}

/** Neither settled, returned nor given up: the drain waits for it. */
export function isOpen(job: Job): boolean {
  return job.phase !== 'done' && job.phase !== 'lost' && job.phase !== 'returning'
}

export function timerId(job: Job): string {
  return `job/${job.key}`
}

export function release(step: Step, ...tensors: readonly (TensorHandle | null)[]): void {
  for (const tensor of tensors) if (tensor !== null) step.effects.push({ type: 'release', tensor })
}

export function releaseAll(step: Step, job: Job): void {
  release(step, job.input, job.output, job.gradient, job.result)
  job.input = job.output = job.gradient = job.result = null
}

export function report(step: Step, event: WorkEvent, job: Job, peer: PeerName | null = null): void {
  step.effects.push({ type: 'status', event, id: job.id, peer })
}

/** Forgets the outstanding transfers and the timer: whatever comes of them is late. */
export function disarm(step: Step, job: Job): void {
  step.state.transfers.delete(job.transfer)
  step.state.transfers.delete(job.hedgeTransfer)
  job.transfer = job.hedgeTransfer = 0
  step.effects.push({ type: 'cancel', id: timerId(job) })
}
