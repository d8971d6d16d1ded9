/**
 * A stage's computation on the calling thread: one handler a job. The worker and the inline engine both run this, one job
 * at a time.
 */
import { F32_BYTES, MAX_F32, STATE_CHUNK_BYTES } from './constants.ts'
import { EngineError } from './errors.ts'
import { Cancellation } from './failure.ts'
import { graphMemoryOf } from './graph-memory.ts'
import { Hands } from './hands/hands.ts'
import type { SharedMemory } from './hands/shared.ts'
import { chunkedRoot, chunkLeaves } from './hashing.ts'
import { planStage, type StageInit, type StagePlan } from './init.ts'
import { initialiseParameters } from './initialise.ts'
import type { Cancelled, JobKind, JobRequest, JobResult } from './jobs.ts'
import { optimise } from './optimise.ts'
import { combine, withinBound } from './partition-work.ts'
import { partitionSpan } from './partitions.ts'
import { type DecayRange, decayRanges } from './ranges.ts'
import { StageSessions } from './stage-sessions.ts'
import { StageMemory } from './state.ts'
import type { Accumulator, EncodedCommit, Execution, StageShape } from './types.ts'

type Handlers = {
  readonly [K in JobKind]: (request: JobRequest<K>, cancelled: Cancelled) => Promise<JobResult<K>> | JobResult<K>
}

export class StageCompute {
  readonly #init: StageInit
  readonly #plan: StagePlan
  readonly #memory: StageMemory
  readonly #graphs: Pick<StageSessions, 'forward' | 'backward' | 'head' | 'evaluate' | 'logits' | 'dispose'>
  /** Null where this thread computes alone. */
  readonly #hands: Hands | null
  readonly #decay: readonly DecayRange[]
  #shadowReady = false

  private constructor(init: StageInit, plan: StagePlan, memory: StageMemory, graphs: StageSessions | Hands) {
    this.#init = init
    this.#plan = plan
    this.#memory = memory
    this.#graphs = graphs
    this.#hands = graphs instanceof Hands ? graphs : null
    this.#decay = decayRanges(plan.ranges)
  }

  /**
   * Allocates, loads the graphs and initialises the parameters from the seed.
   * @param kernels bytes of the compiled kernels
   * @param shared what it shares with its other hands, which have threads of their own; null: it computes alone
   * @throws EngineError `unsupported-op` or `malformed-model`
   */
  static async create(
    init: StageInit,
    kernels: Uint8Array<ArrayBuffer>,
    shared: SharedMemory | null,
  ): Promise<StageCompute> {
    const plan = planStage(init)
    const boundary = plan.shape.boundaryBytes / F32_BYTES
    const memory = new StageMemory(kernels, { parameters: plan.shape.parameters, tokens: plan.tokens, boundary })
    const { sequences } = init.manifest.batch
    const share =
      shared === null
        ? { sequences, threads: init.threads }
        : { sequences: shared.deal.shares[0]!, threads: shared.deal.threads }
    const sessions = await StageSessions.load(init, plan, share, graphMemoryOf(memory))
    initialiseParameters(memory.kernels, memory.state.theta, init.manifest.seed, plan.specs, plan.ranges)
    return new StageCompute(init, plan, memory, shared === null ? sessions : new Hands(sessions, memory, shared, init))
  }

  get shape(): StageShape {
    return this.#plan.shape
  }

  /** @throws EngineError, or {@link Cancellation} where `cancelled` was seen before the job had an effect */
  async run<K extends JobKind>(kind: K, request: JobRequest<K>, cancelled: Cancelled): Promise<JobResult<K>> {
    if (cancelled()) throw new Cancellation()
    return this.#handlers[kind](request, cancelled)
  }

  dispose(): Promise<void> {
    return this.#graphs.dispose()
  }

  readonly #handlers: Handlers = {
    forward: async ({ input }) => {
      this.#takeInput(input)
      await this.#graphs.forward(input)
      return this.#giveBoundary(this.#memory.y, 'output activation')
    },

    backward: async ({ input, outputGradient, into }, cancelled) => {
      this.#require(!this.#init.cut.hasHead, 'the last stage has no output gradient: use head')
      this.#takeInput(input)
      this.#takeBoundary(this.#memory.dy, outputGradient, 'output gradient')
      await this.#graphs.backward(input)
      const inputGradient = this.#giveInputGradient()
      this.#accumulate(into, cancelled)
      return inputGradient
    },

    head: async ({ input, targets, into }, cancelled) => {
      this.#takeInput(input)
      this.#takeTargets(targets)
      const loss = await this.#graphs.head(input, targets)
      requireFinite(Number.isFinite(loss), 'loss')
      const inputGradient = this.#giveInputGradient()
      this.#accumulate(into, cancelled)
      return { loss, inputGradient }
    },

    evaluate: ({ input, targets }) => {
      this.#takeInput(input)
      this.#takeTargets(targets)
      return this.#graphs.evaluate(input, targets)
    },

    logits: async ({ input }) => {
      this.#takeInput(input)
      return new Uint8Array((await this.#graphs.logits(input)).buffer)
    },

    beginRound: () => {
      this.#hands?.zero()
      for (const address of Object.values(this.#memory.accumulators)) this.#zero(address)
      return null
    },

    commit: ({ count, withOffLane }) => this.#commit(count, withOffLane),

    aggregate: ({ partition, inputs }) => {
      const bytes = this.#partitionBytes(partition)
      this.#require(inputs.length > 0, 'there is nothing to aggregate')
      for (const input of inputs) this.#require(input.length === bytes, `partition ${partition} has ${bytes} bytes`)
      return combine(this.#memory, inputs, this.#init.manifest.aggregation)
    },

    checkPartition: ({ partition, bytes }) =>
      bytes.length === this.#partitionBytes(partition) &&
      withinBound(this.#memory, bytes, this.#init.manifest.aggregation.bound),

    execute: ({ round, aggregate, wantFullRoot }) => this.#execute(round, aggregate, wantFullRoot),

    promote: ({ adoptMomentum }) => {
      if (!this.#shadowReady) throw new EngineError('wrong-order', 'nothing was executed since the last promotion')
      this.#memory.swap()
      this.#hands?.forgetParameters()
      this.#shadowReady = false
      if (adoptMomentum) this.#adoptMomentum()
      return null
    },

    fullRoot: () => chunkedRoot(this.#memory.vectors(this.#memory.state), STATE_CHUNK_BYTES),

    exportState: () => {
      const vectors = this.#memory.vectors(this.#memory.state)
      const bytes = new Uint8Array(vectors.reduce((sum, { length }) => sum + length, 0))
      let at = 0
      for (const vector of vectors) {
        bytes.set(vector, at)
        at += vector.length
      }
      return bytes
    },

    importState: ({ bytes }) => {
      const vectors = this.#memory.vectors(this.#memory.state)
      const length = vectors[0]!.length
      const expected = length * vectors.length
      this.#require(bytes.length === expected, `a state has ${expected} bytes, not ${bytes.length}`)
      requireFinite(withinBound(this.#memory, bytes, MAX_F32), 'state')
      vectors.forEach((vector, index) => {
        vector.set(bytes.subarray(index * length, (index + 1) * length))
      })
      this.#hands?.forgetParameters()
      this.#shadowReady = false
      this.#adoptMomentum()
      return null
    },

    parameters: () => this.#memory.floats(this.#memory.state.theta, this.#plan.shape.parameters).slice(),
  }

  #commit(count: number, withOffLane: boolean): EncodedCommit {
    this.#require(Number.isInteger(count) && count > 0, `a commit of ${count} micro-batches`)
    const { kernels, accumulators, gradient, momentum, parameters } = this.#memory
    const { optimizer, aggregation } = this.#init.manifest
    this.#hands?.gather('lane')
    if (withOffLane) {
      this.#hands?.gather('off-lane')
      kernels.add(accumulators.lane, accumulators['off-lane'], parameters)
      this.#zero(accumulators['off-lane'])
    }
    const { beta1 } = optimizer
    // Aside first: a momentum that fails the check must not be kept, it would fail in every later round.
    kernels.momentum(gradient, momentum, accumulators.lane, beta1, 1 - beta1, 1 / count, parameters)
    requireFinite(kernels.withinBound(gradient, aggregation.bound, parameters) === 1, 'momentum')
    this.#memory.copyVector(momentum, gradient)
    const bytes = this.#memory.bytes(momentum, parameters * F32_BYTES).slice()
    const { partitions, partitionValues } = this.#plan.partitioning
    const starts = Array.from({ length: partitions }, (_, index) => index * partitionValues * F32_BYTES)
    return { bytes, offsets: [...starts, bytes.length], leaves: chunkLeaves([bytes], partitionValues * F32_BYTES) }
  }

  #execute(round: number, aggregate: readonly Uint8Array[], wantFullRoot: boolean): Execution {
    const { partitions } = this.#plan.partitioning
    this.#require(Number.isInteger(round) && round >= 1, `rounds count from 1, this is ${round}`)
    this.#require(aggregate.length === partitions, `${aggregate.length} partitions instead of ${partitions}`)
    const { kernels, shadow, parameters } = this.#memory
    this.#shadowReady = false
    aggregate.forEach((bytes, index) => {
      const length = this.#partitionBytes(index)
      this.#require(bytes.length === length, `partition ${index} has ${length} bytes, not ${bytes.length}`)
      this.#memory.bytes(shadow.a + index * this.#plan.partitioning.partitionValues * F32_BYTES, length).set(bytes)
    })
    const { optimizer, aggregation } = this.#init.manifest
    if (kernels.withinBound(shadow.a, aggregation.bound, parameters) === 0) return REFUSED
    const { finite, norm } = optimise(this.#memory, {
      round,
      config: optimizer,
      ranges: this.#decay,
      share: parameters / this.#plan.shape.modelParameters,
    })
    if (!finite) return REFUSED
    this.#shadowReady = true
    const fullRoot = wantFullRoot ? chunkedRoot(this.#memory.vectors(shadow), STATE_CHUNK_BYTES) : null
    return { accepted: true, fullRoot, aggregateNorm: norm }
  }

  /** The gradient of one micro-batch passes the door whole or not at all. */
  #accumulate(into: Accumulator, cancelled: Cancelled): void {
    const { kernels, gradient, accumulators, parameters } = this.#memory
    const hands = this.#hands
    const whole = this.#init.manifest.aggregation.bound
    const bound = hands === null ? whole : hands.boundOfShare(whole)
    const isWithin = kernels.withinBound(gradient, bound, parameters) === 1
    requireFinite(isWithin && (hands === null || hands.areGradientsFinite), 'gradient')
    if (cancelled()) throw new Cancellation()
    hands?.accumulate(into)
    kernels.add(accumulators[into], gradient, parameters)
  }

  #takeInput(input: Uint8Array): void {
    if (this.#init.cut.hasEmbedding) this.#takeTokens(input, 'input')
    else this.#takeBoundary(this.#memory.x, input, 'input activation')
  }

  #takeTargets(targets: Uint8Array): void {
    this.#require(this.#init.cut.hasHead, 'only the last stage has targets')
    this.#takeTokens(targets, 'targets')
  }

  #takeTokens(tokens: Uint8Array, what: string): void {
    const { vocabulary } = this.#init.manifest.model
    this.#require(
      tokens.length === this.#plan.tokens,
      `${what}: ${tokens.length} tokens instead of ${this.#plan.tokens}`,
    )
    this.#require(
      vocabulary > 0xff || tokens.every(token => token < vocabulary),
      `${what}: a token beyond the vocabulary`,
    )
  }

  #takeBoundary(address: number, bytes: Uint8Array, what: string): void {
    const { boundaryBytes } = this.#plan.shape
    this.#require(bytes.length === boundaryBytes, `${what}: ${bytes.length} bytes instead of ${boundaryBytes}`)
    this.#memory.bytes(address, boundaryBytes).set(bytes)
    this.#requireFiniteBoundary(address, what)
  }

  #giveBoundary(address: number, what: string): Uint8Array<ArrayBuffer> {
    this.#requireFiniteBoundary(address, what)
    return this.#memory.bytes(address, this.#plan.shape.boundaryBytes).slice()
  }

  #giveInputGradient(): Uint8Array<ArrayBuffer> | null {
    return this.#init.cut.hasEmbedding ? null : this.#giveBoundary(this.#memory.dx, 'input gradient')
  }

  #requireFiniteBoundary(address: number, what: string): void {
    const values = this.#plan.shape.boundaryBytes / F32_BYTES
    requireFinite(this.#memory.kernels.withinBound(address, MAX_F32, values) === 1, what)
  }

  #partitionBytes(index: number): number {
    const span = partitionSpan(this.#plan.partitioning, index)
    if (span === null) throw new EngineError('invalid-input', `there is no partition ${index}`)
    return span.count * F32_BYTES
  }

  #adoptMomentum(): void {
    this.#memory.copyVector(this.#memory.momentum, this.#memory.state.a)
  }

  #zero(address: number): void {
    this.#memory.kernels.zero(address, this.#plan.shape.parameters)
  }

  #require(holds: boolean, otherwise: string): void {
    if (!holds) throw new EngineError('invalid-input', otherwise)
  }
}

const REFUSED: Execution = { accepted: false, fullRoot: null, aggregateNorm: Number.NaN }

function requireFinite(holds: boolean, what: string): void {
  if (!holds) throw new EngineError('not-finite', what)
}
