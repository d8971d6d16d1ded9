/**
 * A hand beside the first: graphs for its share of each micro-batch, its own accumulators in its own memory. What it holds is
 * never hashed; the compute thread takes it at each commitment.
 */
import type { WorkerInit } from '../channel.ts'
import { planStage } from '../init.ts'
import { StageSessions } from '../stage-sessions.ts'
import type { Accumulator, StageShape } from '../types.ts'
import { HandMemory } from './hand-memory.ts'
import { type HandCommand, type Outcome, obey } from './line.ts'
import { type HandLine, type SharedMemory, shareOfBound } from './shared.ts'

export class Hand {
  readonly shape: StageShape
  readonly #line: HandLine
  readonly #shared: SharedMemory
  readonly #memory: HandMemory
  readonly #graphs: StageSessions
  readonly #bound: number
  /** Of the micro-batch's tokens. */
  readonly #start: number
  readonly #end: number

  private constructor(shape: StageShape, shared: SharedMemory, hand: number, bound: number, own: Own) {
    this.shape = shape
    this.#line = shared.lines[hand - 1]!
    this.#shared = shared
    this.#bound = bound
    this.#memory = own.memory
    this.#graphs = own.graphs
    this.#start = own.start
    this.#end = own.start + own.graphs.tokens
  }

  /** @throws EngineError `unsupported-op` or `malformed-model` */
  static async create({ init, kernels, hand }: WorkerInit, shared: SharedMemory): Promise<Hand> {
    const plan = planStage(init)
    const { shares, threads } = shared.deal
    const { model, aggregation } = init.manifest
    const before = shares.slice(0, hand).reduce((sum, sequences) => sum + sequences, 0)
    const start = before * model.sequence
    const share = { sequences: shares[hand]!, threads }
    const tokens = share.sequences * model.sequence
    const memory = new HandMemory(kernels, shared, plan, { start, tokens, width: model.width })
    const graphs = await StageSessions.load(init, plan, share, memory)
    return new Hand(plan.shape, shared, hand, shareOfBound(aggregation.bound, shares.length), { memory, graphs, start })
  }

  /** Until it is asked to end, or the engine is over. */
  work(): Promise<void> {
    return obey(this.#line, (command, accumulator) => this.#perform(command, accumulator))
  }

  dispose(): Promise<void> {
    return this.#graphs.dispose()
  }

  async #perform(command: HandCommand, accumulator: Accumulator): Promise<Outcome> {
    const { loss } = this.#line
    switch (command) {
      case 'forward':
        await this.#graphs.forward(this.#tokens)
        return 'done'
      case 'backward':
        await this.#graphs.backward(this.#tokens)
        return this.#gradientOutcome()
      case 'head':
        loss[0] = await this.#graphs.head(this.#tokens, this.#targets)
        return this.#gradientOutcome()
      case 'evaluate':
        loss[0] = await this.#graphs.evaluate(this.#tokens, this.#targets)
        return 'done'
      case 'accumulate':
        this.#memory.accumulate(accumulator)
        return 'done'
      case 'give':
        this.#memory.give(accumulator, this.#shared.exchange)
        return 'done'
      case 'zero':
        this.#memory.zero()
        return 'done'
      case 'end':
        return 'done'
    }
  }

  #gradientOutcome(): Outcome {
    return this.#memory.gradientWithin(this.#bound) ? 'done' : 'not-finite'
  }

  get #tokens(): Uint8Array {
    return this.#shared.tokens.subarray(this.#start, this.#end)
  }

  get #targets(): Uint8Array {
    return this.#shared.targets.subarray(this.#start, this.#end)
  }
}

interface Own {
  readonly memory: HandMemory
  readonly graphs: StageSessions
  readonly start: number
}
