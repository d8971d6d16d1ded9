/** Every replica's work machine in one virtual time, over a network and engines that misbehave by plan. */
import { assert } from 'chai'
import {
  type Accumulated,
  type AccumulatorName,
  type Answer,
  createPace,
  createWork,
  DEFAULT_WORK_LIMITS,
  type Lanes,
  makeLanes,
  NO_REFERENCES,
  type Pace,
  type SendEffect,
  type SendOutcome,
  sourceQuota,
  step,
  type TensorHandle,
  takeParked,
  type WorkEffect,
  type WorkInput,
  type WorkLimits,
  type WorkState,
} from '../../../consensus/routing/index.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'

export interface Plan {
  readonly stages: number
  readonly replicas: number
  readonly target: number
  readonly slack?: number
  readonly seed: number
  readonly limits?: Partial<WorkLimits>
  readonly hopMs?: number
  readonly roundMs?: number
  readonly drainMs?: number
  /** Probability that a frame or its answer is lost. */
  readonly loss?: number
  /** Answers for a peer instead of its machine. */
  readonly override?: (peer: PeerName, frame: SendEffect, nowMs: number) => Answer | null
  /** Peers to which nobody has a connection: sends fail at once. */
  readonly unreachable?: (peer: PeerName, nowMs: number) => boolean
  /** Peers that the others wait for in the run's first round, and when they come. Before, sends to them fail. */
  readonly comesMs?: ReadonlyMap<PeerName, number>
  /** When others notice that a peer is connected again. */
  readonly backMs?: ReadonlyMap<PeerName, number>
  /** When every stage is known to have begun the round; absent: at once. */
  readonly readyMs?: number
  /** Peers that stop at a time, noticed by others as an unreachable peer or not at all. */
  readonly crashes?: readonly { readonly peer: PeerName; readonly atMs: number; readonly noticed: boolean }[]
  /** Crash right after this effect, before it is carried out. */
  readonly crashOn?: (peer: PeerName, effect: WorkEffect) => boolean
  readonly computeMs?: (peer: PeerName, random: () => number) => number
  readonly latencyMs?: (from: PeerName, to: PeerName, random: () => number) => number
  /** Replicas whose round starts later. */
  readonly startMs?: (peer: PeerName) => number
  /** What was measured in rounds before. */
  readonly pace?: (peer: PeerName) => Pace | undefined
}

export interface Replica {
  readonly name: PeerName
  readonly stage: number
  state: WorkState
  alive: boolean
  started: boolean
  engineFreeMs: number
  /** Live tensors: who held the micro-batch so far. */
  readonly tensors: Map<TensorHandle, readonly PeerName[]>
  mostTensors: number
  readonly timers: Map<string, number>
  /** What the engine has really added. */
  readonly added: Record<AccumulatorName, number>
  settled: number
  ready: { readonly atMs: number; readonly lane: Accumulated; readonly offLane: Accumulated } | null
  readonly events: string[]
}

export function peerName(stage: number, index: number): PeerName {
  return `s${stage}r${index}`
}

export class World {
  readonly plan: Plan
  readonly lanes: Lanes
  readonly quota: number
  readonly replicas = new Map<PeerName, Replica>()
  nowMs = 0
  closedAtMs: number | null = null
  sends = 0
  readonly #random: () => number
  readonly #queue: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = []
  #order = 0
  #handles = 0

  constructor(plan: Plan) {
    this.plan = plan
    this.#random = mulberry32(plan.seed)
    const rankings = Array.from({ length: plan.stages }, (_, stage) =>
      Array.from({ length: plan.replicas }, (_, index) => peerName(stage, index)),
    )
    this.lanes = makeLanes(rankings)
    this.quota = sourceQuota(plan.target, plan.replicas, plan.slack ?? 1.5)
    for (const [stage, peers] of rankings.entries()) for (const peer of peers) this.#addReplica(stage, peer)
    for (const crash of plan.crashes ?? []) this.#at(crash.atMs, () => this.crash(crash.peer, crash.noticed))
  }

  replica(name: PeerName): Replica {
    const replica = this.replicas.get(name)
    if (replica === undefined) throw new RangeError(name)
    return replica
  }

  alive(): Replica[] {
    return [...this.replicas.values()].filter(replica => replica.alive)
  }

  crash(peer: PeerName, noticed: boolean): void {
    this.replica(peer).alive = false
    if (!noticed) return
    for (const other of this.alive())
      this.#at(this.nowMs + 20, () => this.feed(other, { type: 'reachable', peer, reachable: false }))
  }

  /** Runs until every live replica is ready to commit, then ends the round everywhere. */
  run(limitMs = 600_000): this {
    while (this.alive().some(replica => replica.ready === null)) {
      this.next()
      assert(this.nowMs <= limitMs, `not ready after ${limitMs} ms`)
    }
    return this
  }

  /** Lets the next thing happen. */
  next(): void {
    const next = this.#next()
    assert(next !== undefined, `stalled at ${this.nowMs} ms`)
    this.nowMs = next.atMs
    next.run()
  }

  /** Lets everything that is still under way happen. */
  settle(): this {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.nowMs = next.atMs
      next.run()
    }
    return this
  }

  end(): this {
    for (const replica of this.alive()) this.feed(replica, { type: 'over' })
    return this.settle()
  }

  feed(replica: Replica, input: WorkInput): Answer | null {
    if (!replica.alive) return null
    const result = step(replica.state, input, this.nowMs)
    replica.state = result.state
    let answer: Answer | null = null
    for (const effect of result.effects) {
      if (this.plan.crashOn?.(replica.name, effect) === true) {
        this.crash(replica.name, false)
        return null
      }
      if (effect.type === 'answer') answer = effect.answer
      else this.#carryOut(replica, effect)
    }
    replica.mostTensors = Math.max(replica.mostTensors, replica.tensors.size)
    return answer
  }

  newTensor(replica: Replica, path: readonly PeerName[]): TensorHandle {
    const handle = `t${++this.#handles}`
    replica.tensors.set(handle, path)
    return handle
  }

  #addReplica(stage: number, name: PeerName): void {
    const { plan } = this
    const limits = { ...DEFAULT_WORK_LIMITS, ...plan.limits }
    const state = createWork({
      epoch: 0,
      round: 5,
      self: name,
      stage,
      lanes: this.lanes,
      quota: this.quota,
      share: Math.ceil(plan.target / plan.replicas),
      silent: [],
      countMin: Math.ceil(plan.target / (2 * plan.replicas)),
      countMax: 4 * Math.ceil(plan.target / (2 * plan.replicas)),
      limits,
      timing: {
        hopMs: plan.hopMs ?? 400,
        drainMs: plan.drainMs ?? 1_000,
        roundMs: plan.roundMs ?? 60_000,
        backOff: 1.5,
      },
      pace: plan.pace?.(name) ?? createPace(limits.window),
      references: NO_REFERENCES,
    })
    const replica: Replica = {
      name,
      stage,
      state,
      alive: true,
      started: false,
      engineFreeMs: 0,
      tensors: new Map(),
      mostTensors: 0,
      timers: new Map(),
      added: { lane: 0, 'off-lane': 0 },
      settled: 0,
      ready: null,
      events: [],
    }
    this.replicas.set(name, replica)
    this.#at(plan.startMs?.(name) ?? 0, () => {
      replica.started = true
      this.feed(replica, { type: 'start', parked: takeParked(replica.state) })
      for (const [peer, atMs] of plan.comesMs ?? [])
        if (atMs > this.nowMs) this.feed(replica, { type: 'awaited', peer })
      if (plan.readyMs === undefined) this.feed(replica, { type: 'pipeline-ready' })
    })
    if (plan.readyMs !== undefined) this.#at(plan.readyMs, () => this.feed(replica, { type: 'pipeline-ready' }))
    for (const [peer, atMs] of [...(plan.comesMs ?? []), ...(plan.backMs ?? [])]) {
      if (atMs < Number.POSITIVE_INFINITY)
        this.#at(atMs, () => this.feed(replica, { type: 'reachable', peer, reachable: true }))
    }
  }

  #carryOut(replica: Replica, effect: Exclude<WorkEffect, { type: 'answer' }>): void {
    switch (effect.type) {
      case 'draw':
        this.#at(this.nowMs + 1, () => {
          if (replica.alive) this.feed(replica, { type: 'drawn', key: effect.key, tensor: this.newTensor(replica, []) })
        })
        break
      case 'compute':
        this.#compute(replica, effect)
        break
      case 'send':
        this.#send(replica, effect)
        break
      case 'abandon':
        this.#deliver(replica.name, effect.to, receiver =>
          this.feed(receiver, { type: 'abandoned', from: replica.name, id: effect.id }),
        )
        break
      case 'settled':
        assert.equal(effect.count, ++replica.settled)
        this.#closeAtTarget()
        break
      case 'timer':
        this.#startTimer(replica, effect.id, effect.delayMs)
        break
      case 'cancel':
        replica.timers.delete(effect.id)
        break
      case 'release':
        assert(replica.tensors.delete(effect.tensor), `${replica.name} released ${effect.tensor} twice`)
        break
      case 'ready-to-commit':
        assert.isNull(replica.ready, `${replica.name} was ready twice`)
        replica.ready = { atMs: this.nowMs, lane: effect.lane, offLane: effect.offLane }
        assert.equal(effect.lane.count, replica.added.lane, `${replica.name} counts its lane`)
        assert.equal(effect.offLane.count, replica.added['off-lane'], `${replica.name} counts off-lane work`)
        break
      case 'status':
        replica.events.push(effect.event)
        break
    }
  }

  #compute(replica: Replica, { key, computation }: Extract<WorkEffect, { type: 'compute' }>): void {
    const { task, input } = computation
    const inputPath = replica.tensors.get(input)
    assert(inputPath !== undefined, `${replica.name} computes with a released tensor`)
    const gradientPath = task === 'backward' ? replica.tensors.get(computation.gradient) : undefined
    const took = this.plan.computeMs?.(replica.name, this.#random) ?? 20 + 30 * this.#random()
    replica.engineFreeMs = Math.max(replica.engineFreeMs, this.nowMs) + took
    this.#at(replica.engineFreeMs, () => {
      if (!replica.alive) return
      if (task !== 'forward') {
        assert.isNull(replica.ready, `${replica.name} accumulates after its commit`)
        replica.added[computation.into]++
      }
      const path = task === 'backward' ? (gradientPath ?? []) : [...inputPath, replica.name]
      const last = task === 'backward' && replica.stage === 0
      const tensor = last ? null : this.newTensor(replica, path)
      this.feed(replica, { type: 'computed', key, tensor, lossMicronats: task === 'head' ? 3_000_000 : 0 })
    })
  }

  #send(sender: Replica, frame: SendEffect): void {
    this.sends++
    const path = sender.tensors.get(frame.tensor)
    assert(path !== undefined, `${sender.name} sends a released tensor`)
    let answered = false
    const answer = (outcome: SendOutcome): void => {
      if (answered) return
      answered = true
      this.feed(sender, { type: 'answered', transfer: frame.transfer, outcome })
    }
    const isAway = this.plan.unreachable?.(frame.to, this.nowMs) === true
    if (isAway || (this.plan.comesMs?.get(frame.to) ?? 0) > this.nowMs) {
      this.#at(this.nowMs, () => answer({ kind: 'failed' }))
      return
    }
    this.#at(this.nowMs + frame.timeoutMs, () => answer({ kind: 'failed' }))
    this.#deliver(sender.name, frame.to, receiver => {
      const given =
        this.plan.override?.(frame.to, frame, this.nowMs) ?? this.receive(receiver, sender.name, frame, path)
      if (given !== null) this.#deliver(frame.to, sender.name, () => answer(given))
    })
  }

  /** What the door of `receiver` makes of a frame. */
  receive(receiver: Replica, from: PeerName, frame: SendEffect, path: readonly PeerName[]): Answer | null {
    const tensor = this.newTensor(receiver, path)
    const { id, settledBelow, lossMicronats } = frame
    if (frame.direction === 'forward')
      return this.feed(receiver, { type: 'forward', from, id, path, tensor, statistics: null, settledBelow })
    const header = new Uint8Array(32).fill(id.sequence + 1)
    return this.feed(receiver, { type: 'backward', from, id, path, tensor, statistics: null, header, lossMicronats })
  }

  #deliver(from: PeerName, to: PeerName, run: (receiver: Replica) => void): void {
    if (this.#random() < (this.plan.loss ?? 0)) return
    const latencyMs = this.plan.latencyMs?.(from, to, this.#random) ?? 2 + 8 * this.#random()
    this.#at(this.nowMs + latencyMs, () => {
      const receiver = this.replica(to)
      if (receiver.alive) run(receiver)
    })
  }

  #startTimer(replica: Replica, id: string, delayMs: number): void {
    const token = ++this.#order
    replica.timers.set(id, token)
    this.#at(this.nowMs + delayMs, () => {
      if (replica.timers.get(id) !== token) return
      replica.timers.delete(id)
      this.feed(replica, { type: 'timer', id })
    })
  }

  #closeAtTarget(): void {
    const total = [...this.replicas.values()].reduce((sum, replica) => sum + replica.settled, 0)
    if (total < this.plan.target || this.closedAtMs !== null) return
    this.closedAtMs = this.nowMs
    for (const replica of this.alive()) {
      this.#at(this.nowMs + 20 * this.#random(), () => this.feed(replica, { type: 'closed', isReached: true }))
    }
  }

  #at(atMs: number, run: () => void): void {
    const entry = { atMs, order: ++this.#order, run }
    let low = 0
    let high = this.#queue.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#queue[middle]!.atMs <= atMs) low = middle + 1
      else high = middle
    }
    this.#queue.splice(low, 0, entry)
  }

  #next() {
    return this.#queue.shift()
  }
}

/** Small seeded generator; public domain, Tommy Ettinger. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
