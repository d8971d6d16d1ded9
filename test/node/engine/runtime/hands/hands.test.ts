import { expect } from 'chai'
import type { Accumulator, StageEngine } from '../../../../../node/engine/runtime/index.ts'
import { relativeError } from '../../support.ts'
import { FIRST, floats, LAST, MIDDLE, openHere, openStage, tensor, tokens } from './deal.ts'

/** Sums of a micro-batch in another order, f32. */
const ROUNDING = 1e-5

interface Computed {
  readonly output: readonly number[]
  readonly inputGradient: readonly number[]
  readonly gradient: readonly number[]
}

/** One micro-batch forward and backward, with its number as seed. */
async function backward(engine: StageEngine, stage: number, batch: number, into: Accumulator): Promise<number[]> {
  const input = stage === FIRST ? tokens(batch) : tensor(batch, 2)
  if (stage !== LAST) {
    const dx = await engine.backward(input, tensor(batch + 1, 0.01), into)
    return dx === null ? [] : floats(dx)
  }
  const { loss, inputGradient } = await engine.head(input, tokens(batch + 1), into)
  return [loss, ...floats(inputGradient!)]
}

async function commit(engine: StageEngine, count: number, withOffLane: boolean): Promise<number[]> {
  return floats((await engine.commit(count, withOffLane)).bytes)
}

async function compute(engine: StageEngine, stage: number): Promise<Computed> {
  const output =
    stage === LAST
      ? [await engine.evaluate(tensor(5, 2), tokens(6))]
      : floats(await engine.forward(stage === FIRST ? tokens(5) : tensor(5, 2)))
  const inputGradient = await backward(engine, stage, 5, 'lane')
  return { output, inputGradient, gradient: await commit(engine, 1, false) }
}

/** By stage and threads; opened once. */
const opened = new Map<string, Promise<StageEngine>>()

/** An engine in its first round, with nothing in its accumulators and no momentum. */
async function begin(stage: number, threads: number): Promise<StageEngine> {
  const key = `${stage} ${threads}`
  const known = opened.get(key)
  const opening = known ?? openStage(stage, threads)
  opened.set(key, opening)
  const engine = await opening
  if (known !== undefined) await engine.importState(await beginnings.get(stage)!)
  else if (!beginnings.has(stage)) beginnings.set(stage, engine.exportState())
  await engine.beginRound()
  return engine
}

const beginnings = new Map<number, Promise<Uint8Array>>()

describe('the hands of an engine', () => {
  after(async () => {
    for (const engine of opened.values()) await (await engine).dispose()
  })

  for (const [name, stage] of Object.entries({ first: FIRST, middle: MIDDLE, last: LAST })) {
    for (const threads of [2, 3]) {
      it(`compute in the ${name} stage what one thread does, ${threads} of them`, async () => {
        const alone = await compute(await begin(stage, 1), stage)
        const dealt = await compute(await begin(stage, threads), stage)
        for (const part of ['output', 'inputGradient', 'gradient'] as const) {
          expect(dealt[part]).to.have.length(alone[part].length)
          if (part === 'inputGradient' && stage === FIRST) continue
          expect(relativeError(dealt[part], alone[part]), part).to.be.below(ROUNDING)
        }
      })
    }

    it(`compute in the ${name} stage the same bits each time`, async () => {
      const once = await compute(await begin(stage, 3), stage)
      expect(await compute(await begin(stage, 3), stage)).to.deep.equal(once)
    })
  }

  it('keep accumulators apart: what is off the lane is dropped with the round, or gathered', async () => {
    const rounds = async (engine: StageEngine): Promise<number[][]> => {
      const commits: number[][] = []
      await backward(engine, LAST, 1, 'lane')
      await backward(engine, LAST, 2, 'off-lane')
      commits.push(await commit(engine, 1, false))
      await engine.beginRound()
      await backward(engine, LAST, 3, 'lane')
      await backward(engine, LAST, 4, 'lane')
      await backward(engine, LAST, 5, 'off-lane')
      commits.push(await commit(engine, 3, true))
      await engine.beginRound()
      await backward(engine, LAST, 6, 'lane')
      commits.push(await commit(engine, 1, true))
      return commits
    }
    const alone = await rounds(await begin(LAST, 1))
    const dealt = await rounds(await begin(LAST, 3))
    for (const [round, gradient] of alone.entries()) {
      expect(relativeError(dealt[round]!, gradient), `round ${round}`).to.be.below(ROUNDING)
    }
  })

  it('compute with the parameters of the moment: after a step, and after a state from elsewhere', async () => {
    const losses = async (engine: StageEngine): Promise<number[]> => {
      const loss = () => engine.evaluate(tensor(1, 2), tokens(2))
      const before = await loss()
      const beginning = await engine.exportState()
      await backward(engine, LAST, 1, 'lane')
      const { bytes, offsets } = await engine.commit(1, false)
      const aggregate = offsets.slice(1).map((end, k) => bytes.subarray(offsets[k], end))
      await engine.execute(1, aggregate, false)
      await engine.promote()
      const after = await loss()
      await engine.importState(beginning)
      return [before, after, await loss()]
    }
    const alone = await losses(await begin(LAST, 1))
    const dealt = await losses(await begin(LAST, 2))
    expect(relativeError(dealt, alone)).to.be.below(ROUNDING)
    expect(dealt[2]).to.equal(dealt[0])
    expect(Math.abs(dealt[1]! - dealt[0]!)).to.be.above(1e-3)
  })

  it('add nothing where a job was cancelled before its effect, in either accumulator', async () => {
    const { compute: work, end } = await openHere(LAST, 3)
    const job = (batch: number, into: Accumulator) => ({ input: tensor(batch, 2), targets: tokens(batch + 1), into })
    const never = () => false
    const committed = async () => floats((await work.run('commit', { count: 1, withOffLane: true }, never)).bytes)
    try {
      const beginning = { bytes: await work.run('exportState', null, never) }
      await work.run('head', job(1, 'lane'), never)
      const whole = await committed()
      await work.run('importState', beginning, never)
      await work.run('beginRound', null, never)
      for (const into of ['lane', 'off-lane'] as const) {
        // Asked as it starts, and before its effect.
        let asked = 0
        const cancelled = work.run('head', job(2, into), () => asked++ > 0)
        expect(await cancelled.then(null, (error: Error) => error.name)).to.equal('Cancellation')
        expect(asked).to.equal(2)
      }
      await work.run('head', job(1, 'lane'), never)
      expect(await committed()).to.deep.equal(whole)
    } finally {
      await end()
    }
  })

  it('refuse a micro-batch whole where one share of it is not finite', async () => {
    const engine = await begin(MIDDLE, 3)
    await backward(engine, MIDDLE, 1, 'lane')
    // In the last sequence, which is the last hand's.
    const huge = new Float32Array(tensor(2, 1e-3).buffer)
    huge.fill(1e30, huge.length - 8)
    const refused = engine.backward(tensor(2, 2), new Uint8Array(huge.buffer), 'lane')
    expect(await refused.catch((error: unknown) => error)).to.include({ code: 'not-finite', detail: 'gradient' })
    const dealt = await commit(engine, 1, true)
    const alone = await begin(MIDDLE, 1)
    await backward(alone, MIDDLE, 1, 'lane')
    expect(relativeError(dealt, await commit(alone, 1, true))).to.be.below(ROUNDING)
  })

  it('give the logits of the whole micro-batch', async () => {
    const alone = floats(await (await begin(LAST, 1)).logits(tensor(1, 2)))
    const dealt = floats(await (await begin(LAST, 3)).logits(tensor(1, 2)))
    expect(relativeError(dealt, alone)).to.be.below(ROUNDING)
  })
})
