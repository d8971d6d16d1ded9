import { expect } from 'chai'
import fc from 'fast-check'
import { loadKernels } from '../../../../node/engine/kernels/index.ts'
import { optimise } from '../../../../node/engine/runtime/optimise.ts'
import { learningRate } from '../../../../node/engine/runtime/schedule.ts'
import { StageMemory } from '../../../../node/engine/runtime/state.ts'
import type { OptimizerConfig } from '../../../../protocols/wire/manifest.ts'

const kernels = await loadKernels()

const CONFIG: OptimizerConfig = {
  name: 'adamw',
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  learningRate: 1e-3,
  warmupRounds: 3,
  decayRounds: 20,
  learningRateFloor: 1e-4,
  secondMoment: 'difference',
  aggregateClip: 1e9,
  backwardClip: 2,
}

const SIZE = 11
const MATRIX = 6
const RANGES = [
  { start: 0, count: MATRIX, decays: true },
  { start: MATRIX, count: SIZE - MATRIX, decays: false },
]

/** Loshchilov and Hutter 2019, algorithm 2, as it is written, in f64. */
class PlainAdamW {
  readonly theta: number[]
  readonly m = new Array<number>(SIZE).fill(0)
  readonly v = new Array<number>(SIZE).fill(0)

  constructor(theta: readonly number[]) {
    this.theta = [...theta]
  }

  step(gradient: readonly number[], t: number): void {
    const { beta1, beta2, epsilon, weightDecay } = CONFIG
    const rate = learningRate(t, CONFIG)
    for (let i = 0; i < SIZE; i++) {
      this.m[i] = beta1 * this.m[i]! + (1 - beta1) * gradient[i]!
      this.v[i] = beta2 * this.v[i]! + (1 - beta2) * gradient[i]! ** 2
      const mHat = this.m[i]! / (1 - beta1 ** t)
      const vHat = this.v[i]! / (1 - beta2 ** t)
      const decay = i < MATRIX ? rate * weightDecay : 0
      this.theta[i] = (1 - decay) * this.theta[i]! - (rate * mHat) / (Math.sqrt(vHat) + epsilon)
    }
  }
}

function makeMemory(theta: readonly number[]): StageMemory {
  const memory = new StageMemory(kernels, { parameters: SIZE, tokens: 1, boundary: 1 })
  memory.floats(memory.state.theta, SIZE).set(theta)
  return memory
}

/** One round of `workers` with equal counts under rule = mean: each has a momentum, the aggregate is their mean. */
function swarmRound(memory: StageMemory, momenta: Float32Array[], gradients: readonly number[][], round: number): void {
  momenta.forEach((momentum, worker) => {
    for (let i = 0; i < SIZE; i++) {
      momentum[i] = Math.fround(0.9) * momentum[i]! + Math.fround(1 - 0.9) * gradients[worker]![i]!
    }
  })
  const aggregate = Float32Array.from(
    { length: SIZE },
    (_, i) => momenta.reduce((sum, m) => sum + m[i]!, 0) / momenta.length,
  )
  memory.floats(memory.shadow.a, SIZE).set(aggregate)
  expect(optimise(memory, { round, config: CONFIG, ranges: RANGES, share: 1 }).finite).to.equal(true)
  memory.swap()
}

const vector = fc.array(fc.float({ noNaN: true, min: -2, max: 2 }), { minLength: SIZE, maxLength: SIZE })

describe('optimiser', () => {
  it('is AdamW to f32 rounding for the mean of equal counts, worker momentum and all', () => {
    let seed = 7
    const draw = (): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0
      return seed / 2 ** 31
    }
    const theta = Array.from({ length: SIZE }, () => Math.fround(draw()))
    const memory = makeMemory(theta)
    const momenta = Array.from({ length: 4 }, () => new Float32Array(SIZE))
    const plain = new PlainAdamW(theta)
    for (let round = 1; round <= 30; round++) {
      const gradients = momenta.map(() => Array.from({ length: SIZE }, () => Math.fround(draw())))
      swarmRound(memory, momenta, gradients, round)
      plain.step(
        plain.theta.map((_, i) => gradients.reduce((sum, g) => sum + g[i]!, 0) / gradients.length),
        round,
      )
    }
    const moved = memory.floats(memory.state.theta, SIZE)
    for (let i = 0; i < SIZE; i++) expect(moved[i]).to.be.closeTo(plain.theta[i]!, 5e-6)
  })

  it('keeps the raw aggregate where it clips, so that the next difference is the true one', () => {
    const memory = makeMemory(new Array<number>(SIZE).fill(0))
    const config = { ...CONFIG, aggregateClip: 0.5 }
    const aggregate = new Array<number>(SIZE).fill(1)
    memory.floats(memory.shadow.a, SIZE).set(aggregate)
    const { norm } = optimise(memory, { round: 1, config, ranges: RANGES, share: 0.25 })
    expect(norm).to.be.closeTo(Math.sqrt(SIZE), 1e-12)
    const clip = (0.5 * Math.sqrt(0.25)) / Math.sqrt(SIZE)
    const second = memory.floats(memory.shadow.v, SIZE)[0]!
    expect(second).to.be.closeTo(0.05 * (clip * 10) ** 2, 1e-7)
    memory.swap()
    expect([...memory.floats(memory.state.a, SIZE)]).to.deep.equal(aggregate)
  })

  it('takes the second moment of the aggregate itself where the manifest says so', () => {
    const memory = makeMemory(new Array<number>(SIZE).fill(0))
    memory.floats(memory.state.a, SIZE).fill(5)
    memory.floats(memory.shadow.a, SIZE).fill(2)
    optimise(memory, { round: 1, config: { ...CONFIG, secondMoment: 'aggregate' }, ranges: RANGES, share: 1 })
    expect(memory.floats(memory.shadow.v, SIZE)[0]).to.be.closeTo(0.05 * 4, 1e-6)
  })

  it('leaves the state alone: only the shadow changes', () => {
    fc.assert(
      fc.property(vector, vector, (theta, aggregate) => {
        const memory = makeMemory(theta)
        const before = memory.vectors(memory.state).map(bytes => bytes.slice())
        memory.floats(memory.shadow.a, SIZE).set(aggregate)
        optimise(memory, { round: 5, config: CONFIG, ranges: RANGES, share: 1 })
        expect(memory.vectors(memory.state)).to.deep.equal(before)
      }),
      { numRuns: 10 },
    )
  })

  it('says so where a new value is not finite', () => {
    const memory = makeMemory(new Array<number>(SIZE).fill(3e38))
    memory.floats(memory.shadow.a, SIZE).fill(1)
    memory.floats(memory.state.v, SIZE).fill(3e38)
    const config = { ...CONFIG, beta2: 1.5, warmupRounds: 0 }
    expect(optimise(memory, { round: 1, config, ranges: RANGES, share: 1 }).finite).to.equal(false)
  })
})
