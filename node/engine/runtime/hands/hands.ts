/**
 * The compute thread's side of its hands: it deals each micro-batch, computes its own share, waits for the others' and puts
 * rows and losses together. In what order shares are added is fixed, so a machine that repeats a step gets the same bits.
 */
import { F32_BYTES } from '../constants.ts'
import type { StageInit } from '../init.ts'
import type { StageSessions } from '../stage-sessions.ts'
import type { StageMemory } from '../state.ts'
import type { Accumulator } from '../types.ts'
import { Commander, type HandCommand, type Patience } from './line.ts'
import { type SharedMemory, shareOfBound } from './shared.ts'

export class Hands {
  readonly #own: StageSessions
  readonly #memory: StageMemory
  readonly #shared: SharedMemory
  readonly #commanders: readonly Commander[]
  readonly #init: StageInit
  #sharedTheta = false
  #areGradientsFinite = true

  constructor(own: StageSessions, memory: StageMemory, shared: SharedMemory, init: StageInit, patience?: Patience) {
    this.#own = own
    this.#memory = memory
    this.#shared = shared
    this.#init = init
    this.#commanders = shared.lines.map((line, index) => new Commander(line, index + 1, patience))
  }

  /** As the graphs' own, of the whole micro-batch. */
  async forward(input: Uint8Array): Promise<void> {
    await this.#together('forward', input, null, own => this.#own.forward(own))
    this.#takeRows('y')
  }

  async backward(input: Uint8Array): Promise<void> {
    this.#giveRows('dy')
    await this.#together('backward', input, null, own => this.#own.backward(own))
    this.#takeInputGradient()
  }

  async head(input: Uint8Array, targets: Uint8Array): Promise<number> {
    const loss = await this.#together('head', input, targets, (own, ownTargets) => this.#own.head(own, ownTargets))
    this.#takeInputGradient()
    return this.#sumLoss(loss)
  }

  async evaluate(input: Uint8Array, targets: Uint8Array): Promise<number> {
    const evaluate = (own: Uint8Array, ownTargets: Uint8Array) => this.#own.evaluate(own, ownTargets)
    return this.#sumLoss(await this.#together('evaluate', input, targets, evaluate))
  }

  /** By the compute thread alone: it is asked for once in a long time. */
  logits(input: Uint8Array): Promise<Float32Array<ArrayBuffer>> {
    return this.#own.logits(input)
  }

  /** Of each hand's gradient, so that the sum of all is within `bound`. */
  boundOfShare(bound: number): number {
    return shareOfBound(bound, this.#commanders.length + 1)
  }

  /** False where a hand's gradient of the last micro-batch is not within its share of the bound. */
  get areGradientsFinite(): boolean {
    return this.#areGradientsFinite
  }

  /** They add while the compute thread does. */
  accumulate(into: Accumulator): void {
    for (const commander of this.#commanders) commander.give('accumulate', into)
  }

  /** Adds what the hands have accumulated to the compute thread's; theirs is zero then. */
  gather(accumulator: Accumulator): void {
    const { kernels, accumulators, gradient, parameters } = this.#memory
    for (const commander of this.#commanders) {
      commander.give('give', accumulator)
      commander.wait()
      this.#memory.floats(gradient, parameters).set(this.#shared.exchange)
      kernels.add(accumulators[accumulator], gradient, parameters)
    }
  }

  zero(): void {
    for (const commander of this.#commanders) commander.give('zero')
  }

  /** The parameters are others now: they are shared before the next graph. */
  forgetParameters(): void {
    this.#sharedTheta = false
  }

  async dispose(): Promise<void> {
    for (const commander of this.#commanders) commander.give('end')
    await this.#own.dispose()
  }

  /** Nobody computes any more when this is over, also where it throws. */
  async #together<Result>(
    command: HandCommand,
    input: Uint8Array,
    targets: Uint8Array | null,
    compute: (input: Uint8Array, targets: Uint8Array) => Promise<Result>,
  ): Promise<Result> {
    this.#share(input, targets)
    for (const commander of this.#commanders) commander.give(command)
    const ownTokens = this.#own.tokens
    const own = await settled(
      compute(
        input.subarray(0, this.#init.cut.hasEmbedding ? ownTokens : undefined),
        (targets ?? EMPTY).subarray(0, ownTokens),
      ),
    )
    const outcomes = this.#commanders.map(commander => commander.wait())
    if ('error' in own) throw own.error
    const failed = outcomes.indexOf('failed')
    if (failed >= 0) throw this.#commanders[failed]!.failure()
    this.#areGradientsFinite = !outcomes.includes('not-finite')
    return own.value
  }

  #share(input: Uint8Array, targets: Uint8Array | null): void {
    const { theta, tokens, targets: sharedTargets } = this.#shared
    if (!this.#sharedTheta) {
      theta.set(this.#memory.floats(this.#memory.state.theta, this.#memory.parameters))
      this.#sharedTheta = true
    }
    if (this.#init.cut.hasEmbedding) tokens.set(input)
    else this.#giveRows('x')
    if (targets !== null) sharedTargets.set(targets)
  }

  #takeInputGradient(): void {
    if (!this.#init.cut.hasEmbedding) this.#takeRows('dx')
  }

  /** Of the micro-batch's rows those that are not the compute thread's own. */
  #giveRows(name: 'x' | 'dy'): void {
    const { start, values } = this.#others()
    this.#shared[name].set(this.#memory.floats(this.#memory[name] + start * F32_BYTES, values), start)
  }

  #takeRows(name: 'y' | 'dx'): void {
    const { start, values } = this.#others()
    this.#memory.floats(this.#memory[name] + start * F32_BYTES, values).set(this.#shared[name].subarray(start))
  }

  #others(): { start: number; values: number } {
    const start = this.#own.tokens * this.#init.manifest.model.width
    return { start, values: this.#shared.x.length - start }
  }

  #sumLoss(own: number): number {
    return this.#shared.lines.reduce((sum, { loss }) => sum + loss[0]!, own)
  }
}

const EMPTY = new Uint8Array(0)

type Settled<Result> = { readonly value: Result } | { readonly error: unknown }

async function settled<Result>(work: Promise<Result>): Promise<Settled<Result>> {
  try {
    return { value: await work }
  } catch (error) {
    return { error }
  }
}
