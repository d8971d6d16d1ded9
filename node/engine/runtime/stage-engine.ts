/** The engine's interface over a queue of jobs. */
import type { Dispatcher } from './dispatcher.ts'
import type { JobKind, JobRequest, JobResult } from './jobs.ts'
import type { Accumulator, CallOptions, StageEngine, StageInput, StageShape } from './types.ts'

export class QueuedEngine implements StageEngine {
  readonly shape: StageShape
  readonly #jobs: Dispatcher

  constructor(shape: StageShape, jobs: Dispatcher) {
    this.shape = shape
    this.#jobs = jobs
  }

  forward(input: StageInput, options?: CallOptions): Promise<Uint8Array> {
    return this.#run('forward', { input }, options)
  }

  backward(input: StageInput, outputGradient: Uint8Array, into: Accumulator, options?: CallOptions) {
    return this.#run('backward', { input, outputGradient, into }, options)
  }

  head(input: StageInput, targets: Uint8Array, into: Accumulator, options?: CallOptions) {
    return this.#run('head', { input, targets, into }, options)
  }

  evaluate(input: StageInput, targets: Uint8Array, options?: CallOptions) {
    return this.#run('evaluate', { input, targets }, options)
  }

  logits(input: StageInput, options?: CallOptions) {
    return this.#run('logits', { input }, options)
  }

  async beginRound(options?: CallOptions): Promise<void> {
    await this.#run('beginRound', null, options)
  }

  commit(count: number, withOffLane: boolean, options?: CallOptions) {
    return this.#run('commit', { count, withOffLane }, options)
  }

  aggregate(partition: number, inputs: readonly Uint8Array[], options?: CallOptions) {
    return this.#run('aggregate', { partition, inputs }, options)
  }

  checkPartition(partition: number, bytes: Uint8Array, options?: CallOptions) {
    return this.#run('checkPartition', { partition, bytes }, options)
  }

  execute(round: number, aggregate: readonly Uint8Array[], wantFullRoot: boolean, options?: CallOptions) {
    return this.#run('execute', { round, aggregate, wantFullRoot }, options)
  }

  async promote(options: { adoptMomentum?: boolean } & CallOptions = {}): Promise<void> {
    await this.#run('promote', { adoptMomentum: options.adoptMomentum ?? false }, options)
  }

  fullRoot(options?: CallOptions) {
    return this.#run('fullRoot', null, options)
  }

  exportState(options?: CallOptions) {
    return this.#run('exportState', null, options)
  }

  async importState(bytes: Uint8Array, options?: CallOptions): Promise<void> {
    await this.#run('importState', { bytes }, options)
  }

  parameters(options?: CallOptions) {
    return this.#run('parameters', null, options)
  }

  dispose(): Promise<void> {
    return this.#jobs.dispose()
  }

  #run<K extends JobKind>(kind: K, request: JobRequest<K>, options?: CallOptions): Promise<JobResult<K>> {
    return this.#jobs.run(kind, request, options?.signal)
  }
}
