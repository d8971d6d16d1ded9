/**
 * Carries out what the work machine asks for (consensus/routing): draws tokens, computes, sends tensors, keeps their bytes.
 * One instance a round; the tensor store and the clip state outlive it.
 */
import {
  type Accumulated,
  type Answer,
  type BackwardInput,
  type ClipState,
  type Computation,
  clipFactor,
  createWork,
  endClipRound,
  type Finding,
  type ForwardInput,
  observeNorm,
  type Pace,
  paceOf,
  type References,
  referencesOf,
  type SendEffect,
  type SendOutcome,
  step,
  takeParked,
  type WorkContext,
  type WorkEffect,
  type WorkInput,
  type WorkState,
} from '../../consensus/routing/index.ts'
import type { Delivery } from '../../protocols/activations/types.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import { smallHash } from '../../protocols/wire/hash.ts'
import type { Encoding, Hash, MicroBatchId, PeerName } from '../../protocols/wire/messages.ts'
import type { Refusal } from '../../protocols/wire/refusals.ts'
import type { StatisticsReport } from '../../protocols/wire/tensor-statistics.ts'
import type { Batch } from '../data/index.ts'
import { freeBuffer } from '../engine/runtime/buffers.ts'
import { type Clipped, ClipTally } from './clip-tally.ts'
import { statisticsOf } from './tensor-statistics.ts'
import { normOf, scaled, type Tensor, type TensorStore } from './tensors.ts'
import type { WorkEngine } from './timed-engine.ts'
import { Timers } from './timers.ts'

const MICRONATS = 1e6

/** Answers of the receiver's work machine, which gets a tensor once all of it is there. Other outcomes may be made on the way. */
const HAS_ARRIVED: ReadonlySet<SendOutcome['kind']> = new Set(['accepted', 'parked', 'wait'])

/** A boundary tensor on its way out. */
export interface OutgoingTensor {
  readonly direction: 'forward' | 'backward'
  readonly id: MicroBatchId
  readonly tensor: Tensor
  readonly lossMicronats: number
  readonly settledBelow: number
  readonly timeoutMs: number
}

/** A tensor unlike those of siblings: what an audit of its sender would begin with. */
export interface OutsideTensor {
  readonly direction: 'forward' | 'backward'
  readonly from: PeerName
  readonly id: MicroBatchId
  readonly finding: Finding
  /** SHA-256 of the envelope of the header that its sender signed. */
  readonly header: Hash
}

export interface WorkPorts {
  readonly engine: WorkEngine
  batch(id: MicroBatchId): Batch
  /** Signs the tensor's header where it has none, sends it, and says what came back; never rejects. */
  send(to: PeerName, outgoing: OutgoingTensor, signal: AbortSignal): Promise<SendOutcome>
  abandon(to: PeerName, id: MicroBatchId): void
  /** Tells a sibling what was received here. */
  report(to: PeerName, report: StatisticsReport): void
  /** A tensor was refused as `statistics`. */
  outside(outside: OutsideTensor): void
  /** Signs and gossips SETTLED. */
  settled(count: number, root: Hash): void
  warning(message: string): void
}

export interface WorkDriverInit {
  readonly context: WorkContext
  readonly ports: WorkPorts
  readonly tensors: TensorStore
  readonly clip: ClipState
  readonly clock: Clock
  /** Of boundary tensors. */
  readonly encoding: Encoding
  /** Values of one position of a boundary tensor, the last of its dimensions. */
  readonly width: number
}

/** What the replica did in the round: both accumulators, ready to be committed. */
export interface WorkDone {
  readonly lane: Accumulated
  readonly offLane: Accumulated
}

/** What outlives a round's work, and what is told of it. */
export interface WorkEnd {
  readonly parked: readonly ForwardInput[]
  readonly clip: ClipState
  readonly pace: Pace
  readonly references: References
  readonly clipped: readonly Clipped[]
}

export class WorkDriver {
  readonly ready: Promise<WorkDone>
  readonly #ports: WorkPorts
  readonly #tensors: TensorStore
  readonly #encoding: Encoding
  readonly #width: number
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #stop = new AbortController()
  readonly #ready = Promise.withResolvers<WorkDone>()
  readonly #tally = new ClipTally()
  #clip: ClipState
  #state: WorkState
  #answer: Answer | null = null

  constructor(init: WorkDriverInit) {
    this.#ports = init.ports
    this.#tensors = init.tensors
    this.#encoding = init.encoding
    this.#width = init.width
    this.#clip = init.clip
    this.ready = this.#ready.promise
    this.#clock = init.clock
    this.#timers = new Timers(init.clock, id => this.#input({ type: 'timer', id }))
    this.#state = createWork(init.context)
  }

  /**
   * The engine's accumulators are zero now.
   * @param parked - forwards that the round before set aside
   */
  start(parked: readonly ForwardInput[]): void {
    this.#input({ type: 'start', parked })
  }

  /** Every stage has reached this round: from now on the round may run out of time. */
  pipelineReady(): void {
    this.#input({ type: 'pipeline-ready' })
  }

  /** @param isReached - SETTLEDs that sum to the target were seen; else siblings have closed */
  close(isReached: boolean): void {
    this.#input({ type: 'closed', isReached })
  }

  /** This peer is about to stop for a while. */
  pause(): void {
    this.#input({ type: 'pause' })
  }

  reachable(peer: PeerName, reachable: boolean): void {
    this.#input({ type: 'reachable', peer, reachable })
  }

  /** It has not come yet, and is likely still starting. */
  awaited(peer: PeerName): void {
    this.#input({ type: 'awaited', peer })
  }

  abandoned(from: PeerName, id: MicroBatchId): void {
    this.#input({ type: 'abandoned', from, id })
  }

  /** A sibling's report, or somebody else's, which is refused. */
  reported(from: PeerName, report: StatisticsReport): Refusal | null {
    const answer = this.#answered({ type: 'report', from, report })
    return answer?.kind === 'refused' ? answer.refusal : null
  }

  /** What to answer to a tensor at the door; decided at once. */
  deliver(delivery: Delivery): Answer {
    return this.#answered(this.#receive(delivery)) ?? { kind: 'busy' }
  }

  /** Ends the round's work. What was parked for the next round, the clip state and what was measured go on. */
  end(): WorkEnd {
    this.#input({ type: 'over' })
    const parked = takeParked(this.#state)
    this.#timers.clear()
    this.#stop.abort(new Error('the round is over'))
    this.#tensors.trim()
    return {
      parked,
      clip: endClipRound(this.#clip),
      pace: paceOf(this.#state),
      references: referencesOf(this.#state),
      clipped: this.#tally.clipped(),
    }
  }

  #receive({
    direction,
    from,
    id,
    path,
    chain,
    header,
    tensor: bytes,
    lossMicronats,
    settledBelow,
  }: Delivery): ForwardInput | BackwardInput {
    const statistics = statisticsOf(bytes, this.#encoding, this.#width)
    const tensor = this.#tensors.add({ bytes, from, chain, outgoing: null })
    return direction === 'backward'
      ? { type: 'backward', from, id, path, tensor, statistics, header, lossMicronats }
      : { type: 'forward', from, id, path, tensor, statistics, settledBelow }
  }

  #clipped({ bytes, from }: Tensor): Uint8Array {
    const norm = normOf(bytes, this.#encoding)
    this.#clip = observeNorm(this.#clip, norm)
    const factor = clipFactor(this.#clip, norm)
    if (from !== null) this.#tally.note(from, factor)
    return factor < 1 ? scaled(bytes, factor, this.#encoding) : bytes
  }

  #answered(input: WorkInput): Answer | null {
    this.#answer = null
    this.#input(input)
    return this.#answer
  }

  #input(input: WorkInput): void {
    if (this.#stop.signal.aborted) return
    const { state, effects } = step(this.#state, input, this.#clock.nowMs())
    this.#state = state
    for (const effect of effects) this.#carryOut(effect)
  }

  #carryOut(effect: WorkEffect): void {
    switch (effect.type) {
      case 'answer':
        this.#answer = effect.answer
        return
      case 'draw':
        // Not at once: the machine's step must be over before it hears the answer.
        queueMicrotask(() => this.#draw(effect.key, effect.id))
        return
      case 'compute':
        void this.#compute(effect.key, effect.id, effect.computation)
        return
      case 'send':
        void this.#send(effect)
        return
      case 'abandon':
        this.#ports.abandon(effect.to, effect.id)
        return
      case 'share':
        for (const to of effect.to) this.#ports.report(to, effect.report)
        return
      case 'outside':
        this.#outside(effect)
        return
      case 'settled':
        this.#ports.settled(effect.count, effect.root)
        return
      case 'timer':
        this.#timers.set(effect.id, effect.delayMs)
        return
      case 'cancel':
        this.#timers.cancel(effect.id)
        return
      case 'release':
        this.#tensors.release(effect.tensor)
        return
      case 'ready-to-commit':
        this.#ready.resolve({ lane: effect.lane, offLane: effect.offLane })
        return
      case 'status':
        if (effect.event === 'rerouted') {
          this.#ports.warning(`micro-batch ${effect.id.sequence} of ${effect.id.source} was sent to another replica`)
        }
        return
    }
  }

  #outside({ direction, from, id, tensor, finding }: Extract<WorkEffect, { type: 'outside' }>): void {
    const newest = this.#tensors.get(tensor).chain?.envelopes.at(-1)
    if (newest === undefined) throw new Error(`${tensor} came without a header`)
    this.#ports.outside({ direction, from, id, finding, header: smallHash(newest) })
  }

  #draw(key: string, id: MicroBatchId): void {
    const { tokens } = this.#ports.batch(id)
    const tensor = this.#tensors.add({ bytes: tokens, from: null, chain: null, outgoing: null })
    this.#input({ type: 'drawn', key, tensor })
  }

  async #send(effect: SendEffect): Promise<void> {
    const { to, direction, id, lossMicronats, settledBelow, timeoutMs } = effect
    const { tensor, end } = this.#tensors.lend(effect.tensor)
    const outgoing = { direction, id, tensor, lossMicronats, settledBelow, timeoutMs }
    const outcome = await this.#ports.send(to, outgoing, this.#stop.signal)
    end(HAS_ARRIVED.has(outcome.kind))
    this.#input({ type: 'answered', transfer: effect.transfer, outcome })
  }

  async #compute(key: string, id: MicroBatchId, computation: Computation): Promise<void> {
    const signal = this.#stop.signal
    const input = this.#tensors.lend(computation.input)
    const gradient = computation.task === 'backward' ? this.#tensors.lend(computation.gradient) : null
    // The chain that the result's header extends: the gradient's, where there is one.
    const { chain } = (gradient ?? input).tensor
    try {
      const { bytes, lossMicronats } = await this.#run(id, computation, input.tensor, gradient?.tensor ?? null, signal)
      if (signal.aborted) return
      const tensor = bytes === null ? null : this.#tensors.add({ bytes, from: null, chain, outgoing: null })
      // The engine has handed it over, and the store has copied it.
      if (bytes !== null) freeBuffer(bytes.buffer)
      this.#input({ type: 'computed', key, tensor, lossMicronats })
    } catch (error) {
      if (signal.aborted) return
      this.#ports.warning(
        `computing micro-batch ${id.sequence} failed: ${error instanceof Error ? error.message : String(error)}`,
      )
      this.#input({ type: 'compute-failed', key })
    } finally {
      // The engine reads them no more, whether it has computed or dropped the job.
      input.end(true)
      gradient?.end(true)
    }
  }

  async #run(
    id: MicroBatchId,
    computation: Computation,
    { bytes: input }: Tensor,
    gradient: Tensor | null,
    signal: AbortSignal,
  ): Promise<{ bytes: Uint8Array | null; lossMicronats: number }> {
    const { engine } = this.#ports
    switch (computation.task) {
      case 'forward':
        return { bytes: await engine.forward(input, { signal }), lossMicronats: 0 }
      case 'head': {
        const { targets } = this.#ports.batch(id)
        const { loss, inputGradient } = await engine.head(input, targets, computation.into, { signal })
        return { bytes: inputGradient, lossMicronats: Math.round(loss * MICRONATS) }
      }
      case 'backward': {
        if (gradient === null) throw new Error('a backward without a gradient')
        const clipped = this.#clipped(gradient)
        return { bytes: await engine.backward(input, clipped, computation.into, { signal }), lossMicronats: 0 }
      }
    }
  }
}
