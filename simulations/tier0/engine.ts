/**
 * Modelled compute with the real kernels: each stage learns a vector; a micro-batch's pseudo-gradient is the way to it and
 * noise that follows from the micro-batch's id. What enters hashed state passes the shipped momentum, rule and optimiser.
 */
import { chunkedRoot, nativeHash } from '../../node/engine/runtime/hashing.ts'
import { optimise } from '../../node/engine/runtime/optimise.ts'
import { combine, withinBound } from '../../node/engine/runtime/partition-work.ts'
import { StageMemory } from '../../node/engine/runtime/state.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'
import type { Hash, MicroBatchId } from '../../protocols/wire/messages.ts'
import { RandomStream } from '../kernel/random.ts'
import { PARTITION_VALUES } from './constants.ts'

/** Chunk of the full root; a stage's state is smaller. */
const ROOT_CHUNK_BYTES = 1_048_576
const NOISE = 0.3
const F32_BYTES = 4

/** The kernels' memory, shared by all peers: states are copied in and out, which is all that a kernel sees. */
export class Workbench {
  readonly memory: StageMemory
  readonly values: number
  readonly partitions: number
  readonly manifest: Manifest
  readonly #targets: readonly Float32Array[]

  constructor(kernels: Uint8Array<ArrayBuffer>, manifest: Manifest, values: number) {
    this.values = Math.ceil(values / PARTITION_VALUES) * PARTITION_VALUES
    this.partitions = this.values / PARTITION_VALUES
    this.manifest = manifest
    this.memory = new StageMemory(kernels, { parameters: this.values, tokens: 1, boundary: 4 })
    this.#targets = Array.from({ length: manifest.stages }, (_, stage) => {
      const random = new RandomStream(manifest.seed, `target/${stage}`)
      return Float32Array.from({ length: this.values }, () => random.normal())
    })
  }

  target(stage: number): Float32Array {
    return this.#targets[stage]!
  }

  /** What the rule makes of the inputs; null where it refuses. */
  aggregate(inputs: readonly Uint8Array[]): Uint8Array | null {
    return combine(this.memory, inputs, this.manifest.aggregation)
  }

  isFit(bytes: Uint8Array): boolean {
    return (
      bytes.length === PARTITION_VALUES * F32_BYTES && withinBound(this.memory, bytes, this.manifest.aggregation.bound)
    )
  }
}

interface HashedState {
  theta: Float32Array
  v: Float32Array
  a: Float32Array
}

export class SimEngine {
  readonly #bench: Workbench
  readonly #stage: number
  #state: HashedState
  #shadow: HashedState | null = null
  #momentum: Float32Array
  readonly #sums: Record<'lane' | 'off-lane', Float32Array>

  constructor(bench: Workbench, stage: number) {
    this.#bench = bench
    this.#stage = stage
    const zeros = () => new Float32Array(bench.values)
    this.#state = { theta: zeros(), v: zeros(), a: zeros() }
    this.#momentum = zeros()
    this.#sums = { lane: zeros(), 'off-lane': zeros() }
  }

  beginRound(): void {
    this.#sums.lane.fill(0)
    this.#sums['off-lane'].fill(0)
  }

  /** Adds one micro-batch's gradient. @param scale - of what came in: 1 where nobody has lied */
  accumulate(into: 'lane' | 'off-lane', { source, round, sequence }: MicroBatchId, scale: number): void {
    const sum = this.#sums[into]
    const target = this.#bench.target(this.#stage)
    const { theta } = this.#state
    const random = new RandomStream(sequence, `${source}${round}/${this.#stage}`)
    for (let index = 0; index < sum.length; index++) {
      sum[index]! += scale * (theta[index]! - target[index]! + NOISE * (random.next() - 0.5))
    }
  }

  /** Mean squared distance to what is to be learnt. */
  loss(): number {
    const target = this.#bench.target(this.#stage)
    let sum = 0
    for (const [index, value] of this.#state.theta.entries()) sum += (value - target[index]!) ** 2
    return sum / target.length
  }

  /**
   * The new momentum, encoded partition by partition; null where it is out of bounds, which nobody would take.
   * @param lie - what a dishonest peer makes of it
   */
  commit(count: number, withOffLane: boolean, lie: (momentum: Float32Array) => Float32Array): Uint8Array[] | null {
    const { memory, values, manifest } = this.#bench
    const { kernels, gradient, momentum, accumulators } = memory
    memory.floats(accumulators.lane, values).set(this.#sums.lane)
    memory.floats(momentum, values).set(this.#momentum)
    if (withOffLane) {
      memory.floats(accumulators['off-lane'], values).set(this.#sums['off-lane'])
      kernels.add(accumulators.lane, accumulators['off-lane'], values)
    }
    const { beta1 } = manifest.optimizer
    kernels.momentum(gradient, momentum, accumulators.lane, beta1, 1 - beta1, 1 / count, values)
    if (kernels.withinBound(gradient, manifest.aggregation.bound, values) === 0) return null
    this.#momentum = memory.floats(gradient, values).slice()
    const committed = lie(this.#momentum)
    const bytes = new Uint8Array(committed.buffer, committed.byteOffset, committed.byteLength)
    const length = PARTITION_VALUES * F32_BYTES
    return Array.from({ length: this.#bench.partitions }, (_, p) => bytes.slice(p * length, (p + 1) * length))
  }

  /** The optimiser's step on a shadow copy; `accepted` false where the result is not finite. */
  execute(
    round: number,
    partitions: readonly Uint8Array[],
    wantFullRoot: boolean,
  ): { accepted: boolean; fullRoot: Hash | null } {
    const { memory, values, manifest } = this.#bench
    const { kernels, shadow } = memory
    this.#shadow = null
    this.#load()
    partitions.forEach((bytes, index) => {
      memory.bytes(shadow.a + index * PARTITION_VALUES * F32_BYTES, bytes.length).set(bytes)
    })
    if (kernels.withinBound(shadow.a, manifest.aggregation.bound, values) === 0)
      return { accepted: false, fullRoot: null }
    const ranges = [{ start: 0, count: values, decays: true }]
    const { finite } = optimise(memory, { round, config: manifest.optimizer, ranges, share: 1 / manifest.stages })
    if (!finite) return { accepted: false, fullRoot: null }
    const copy = (address: number) => memory.floats(address, values).slice()
    this.#shadow = { theta: copy(shadow.theta), v: copy(shadow.v), a: copy(shadow.a) }
    return { accepted: true, fullRoot: wantFullRoot ? rootOf(this.#shadow) : null }
  }

  promote({ adoptMomentum = false } = {}): void {
    if (this.#shadow === null) throw new Error('nothing was executed since the last promotion')
    this.#state = this.#shadow
    this.#shadow = null
    if (adoptMomentum) this.#momentum = this.#state.a.slice()
  }

  fullRoot(): Hash {
    return rootOf(this.#state)
  }

  exportState(): Uint8Array {
    const { theta, v, a } = this.#state
    const bytes = new Uint8Array(3 * theta.byteLength)
    for (const [index, vector] of [theta, v, a].entries())
      bytes.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), index * theta.byteLength)
    return bytes
  }

  importState(bytes: Uint8Array): void {
    const { values } = this.#bench
    const all = new Float32Array(bytes.slice().buffer)
    const part = (index: number) => all.slice(index * values, (index + 1) * values)
    this.#state = { theta: part(0), v: part(1), a: part(2) }
    this.#shadow = null
    this.#momentum = this.#state.a.slice()
  }

  #load(): void {
    const { memory, values } = this.#bench
    memory.floats(memory.state.theta, values).set(this.#state.theta)
    memory.floats(memory.state.v, values).set(this.#state.v)
    memory.floats(memory.state.a, values).set(this.#state.a)
  }
}

/** Full root of an exported state. */
export function stateRoot(state: Uint8Array): Hash {
  return chunkedRoot([state], ROOT_CHUNK_BYTES)
}

function rootOf({ theta, v, a }: HashedState): Hash {
  return chunkedRoot(
    [theta, v, a].map(vector => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)),
    ROOT_CHUNK_BYTES,
  )
}

export { nativeHash }
