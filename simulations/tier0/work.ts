/** Carries out what the shipped work machine asks for, in virtual time: the counterpart of node/peer/work-driver without promises. */
import {
  type Accumulated,
  type Answer,
  type ClipState,
  clipFactor,
  createWork,
  endClipRound,
  type ForwardInput,
  isSaidAgain,
  observeNorm,
  type Pace,
  paceOf,
  type SendEffect,
  type SendOutcome,
  step,
  takeParked,
  type WorkContext,
  type WorkEffect,
  type WorkInput,
  type WorkState,
} from '../../consensus/routing/index.ts'
import { normOf, scaled } from '../../node/peer/tensors.ts'
import type { Delivery } from '../../protocols/activations/types.ts'
import type { Hash, MicroBatchId, PeerName } from '../../protocols/wire/messages.ts'
import { refuse } from '../../protocols/wire/refusals.ts'
import { NamedAlarms } from './alarms.ts'
import { REQUEST_BYTES, START_MS } from './constants.ts'
import type { SimPeer } from './peer.ts'
import type { SimTensor } from './tensors.ts'

const MICRONATS = 1e6
const NO_CHAIN = { envelopes: [], content: new Uint8Array(32) }

export interface SimWorkInit {
  readonly peer: SimPeer
  readonly context: WorkContext
  readonly clip: ClipState
  readonly onReady: (done: { readonly lane: Accumulated; readonly offLane: Accumulated }) => void
  readonly onSettled: (count: number, root: Hash) => void
}

export class SimWork {
  readonly #init: SimWorkInit
  readonly #timers: NamedAlarms
  readonly #inputs: WorkInput[] = []
  #state: WorkState
  #clip: ClipState
  #answer: Answer | null = null
  #isStepping = false
  #isOver = false

  constructor(init: SimWorkInit) {
    this.#init = init
    this.#timers = new NamedAlarms(
      (delayMs, run) => init.peer.alarm(delayMs, run),
      id => this.#input({ type: 'timer', id }),
    )
    this.#clip = init.clip
    this.#state = createWork(init.context)
  }

  /** Other stages change nothing any more. */
  get isAtRest(): boolean {
    return this.#isOver || (isSaidAgain(this.#state, 'pipeline-ready') && isSaidAgain(this.#state, 'closed'))
  }

  start(parked: readonly ForwardInput[]): void {
    this.#input({ type: 'start', parked })
  }

  pipelineReady(): void {
    if (isSaidAgain(this.#state, 'pipeline-ready')) return
    this.#input({ type: 'pipeline-ready' })
  }

  close(isReached: boolean): void {
    if (isSaidAgain(this.#state, 'closed')) return
    this.#input({ type: 'closed', isReached })
  }

  reachable(peer: PeerName, reachable: boolean): void {
    this.#input({ type: 'reachable', peer, reachable })
  }

  /** A peer of the next stage that is likely still starting. */
  awaited(peer: PeerName): void {
    this.#input({ type: 'awaited', peer })
  }

  abandoned(from: PeerName, id: MicroBatchId): void {
    this.#input({ type: 'abandoned', from, id })
  }

  /** Four numbers that are all 1 say nothing of siblings': what is unlike them is tier 1's to show. */
  reported(): null {
    return null
  }

  deliver(delivery: Delivery): Answer {
    const { direction, from, id, path, header, tensor: bytes, lossMicronats, settledBelow } = delivery
    if (!bytesAreFinite(bytes)) {
      this.#init.peer.tell.refused('not-finite', from)
      return { kind: 'refused', refusal: refuse('not-finite') }
    }
    const tensor = this.#add(bytes, path)
    this.#answer = null
    this.#input(
      direction === 'forward'
        ? { type: 'forward', from, id, path, tensor, statistics: null, settledBelow }
        : { type: 'backward', from, id, path, tensor, statistics: null, header, lossMicronats },
    )
    return this.#answer ?? { kind: 'busy' }
  }

  end(): { readonly parked: readonly ForwardInput[]; readonly clip: ClipState; readonly pace: Pace } {
    this.#input({ type: 'over' })
    this.#isOver = true
    this.#timers.clear()
    return { parked: takeParked(this.#state), clip: endClipRound(this.#clip), pace: paceOf(this.#state) }
  }

  #add(bytes: Uint8Array, path: readonly PeerName[]): string {
    return this.#init.peer.tensors.add({ bytes, path })
  }

  #get(handle: string): SimTensor {
    return this.#init.peer.tensors.get(handle)
  }

  #input(input: WorkInput): void {
    if (this.#isOver) return
    this.#inputs.push(input)
    if (this.#isStepping) return
    this.#isStepping = true
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const { state, effects } = step(this.#state, next, this.#init.peer.nowMs)
      this.#state = state
      for (const effect of effects) this.#carryOut(effect)
    }
    this.#isStepping = false
  }

  #carryOut(effect: WorkEffect): void {
    switch (effect.type) {
      case 'answer':
        this.#answer = effect.answer
        return
      case 'draw':
        this.#input({ type: 'drawn', key: effect.key, tensor: this.#add(ones(), []) })
        return
      case 'compute':
        this.#compute(effect)
        return
      case 'send':
        this.#send(effect)
        return
      case 'abandon':
        this.#abandon(effect.to, effect.id)
        return
      case 'settled':
        this.#init.onSettled(effect.count, effect.root)
        return
      case 'timer':
        this.#timers.set(effect.id, effect.delayMs)
        return
      case 'cancel':
        this.#timers.cancel(effect.id)
        return
      case 'release':
        this.#init.peer.tensors.release(effect.tensor)
        return
      case 'ready-to-commit':
        this.#init.onReady({ lane: effect.lane, offLane: effect.offLane })
        return
      case 'status':
        this.#init.peer.tell.microBatch(this.#init.context.round, effect.event, effect.id, effect.peer)
        return
    }
  }

  /** The engine does one thing after the other. */
  #compute({ key, id, computation }: Extract<WorkEffect, { type: 'compute' }>): void {
    const { peer } = this.#init
    const { task } = computation
    const { forwardMs, backwardMs } = peer.world.scenario.workload
    const input = this.#get(computation.input)
    const gradient = task === 'backward' ? this.#clipped(this.#get(computation.gradient)) : null
    const nominalMs = task === 'forward' ? forwardMs : forwardMs + backwardMs
    peer.processor.compute(nominalMs, () => {
      if (this.#isOver) return
      const scale = meanOf(input.bytes) * (gradient === null ? 1 : meanOf(gradient.bytes))
      if (task !== 'forward') peer.engine.accumulate(computation.into, id, scale)
      const isSource = task === 'backward' && peer.stage === 0
      const path = gradient?.path ?? [...input.path, peer.name]
      const tensor = isSource ? null : this.#add(task === 'forward' ? input.bytes : (gradient?.bytes ?? ones()), path)
      const lossMicronats = task === 'head' ? Math.round(peer.engine.loss() * MICRONATS) : 0
      this.#input({ type: 'computed', key, tensor, lossMicronats })
    })
  }

  #clipped(tensor: SimTensor): SimTensor {
    const norm = normOf(tensor.bytes, 'f32')
    this.#clip = observeNorm(this.#clip, norm)
    const factor = clipFactor(this.#clip, norm)
    if (factor >= 1) return tensor
    this.#init.peer.world.recorder.reached('backward-clipped', this.#init.peer.index)
    return { bytes: scaled(tensor.bytes, factor, 'f32'), path: tensor.path }
  }

  #send(effect: SendEffect): void {
    const { transfer, to, direction, id, tensor, lossMicronats, settledBelow, timeoutMs } = effect
    const { peer } = this.#init
    const { world } = peer
    // Held from here on: the machine may give the micro-batch up, and its tensors, while the hop is still dialled.
    const { bytes, path } = this.#get(tensor)
    let isAnswered = false
    const answer = (outcome: SendOutcome): void => {
      if (isAnswered) return
      isAnswered = true
      deadline.cancel()
      this.#input({ type: 'answered', transfer, outcome })
    }
    const deadline = peer.alarm(timeoutMs, () => answer({ kind: 'failed' }))
    const target = world.peerOf(to)
    const transmit = (target: SimPeer): void => {
      const said = peer.behaviour?.tensor === undefined ? bytes : peer.behaviour.tensor(direction, bytes)
      if (said === null) return
      const header = new Uint8Array(32).fill((id.sequence + 1) & 0xff)
      const from = peer.name
      const delivery = { direction, from, id, path, chain: NO_CHAIN, header, tensor: said, lossMicronats, settledBelow }
      world.send(peer, target, direction, id.round, world.scenario.workload.boundaryBytes, 'bulk', () => {
        const given = target.deliver(delivery)
        world.send(target, peer, 'answer', id.round, REQUEST_BYTES, 'control', () => answer(given))
      })
    }
    // A process that is still starting is dialled until it answers; one that has died refuses at once.
    const dial = (): void => {
      if (isAnswered || this.#isOver) return
      if (target?.isStarting === true) peer.after(START_MS, dial)
      else if (target === null || !target.isUp) peer.after(1, () => answer({ kind: 'failed' }))
      else transmit(target)
    }
    dial()
  }

  #abandon(to: PeerName, id: MicroBatchId): void {
    const { peer } = this.#init
    const target = peer.world.peerOf(to)
    if (target === null) return
    peer.world.send(peer, target, 'abandon', id.round, REQUEST_BYTES, 'control', () =>
      target.inbox?.abandoned(peer.name, id),
    )
  }
}

/** A boundary tensor is four numbers, all 1 where nobody has lied: what a liar does to it scales what is learnt. */
function ones(): Uint8Array {
  return new Uint8Array(Float32Array.of(1, 1, 1, 1).buffer)
}

function valuesOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}

function meanOf(bytes: Uint8Array): number {
  const values = valuesOf(bytes)
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

function bytesAreFinite(bytes: Uint8Array): boolean {
  return valuesOf(bytes).every(value => Number.isFinite(value))
}
