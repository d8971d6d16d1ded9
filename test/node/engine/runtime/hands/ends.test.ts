import { expect } from 'chai'
import { Commander, HandLost, obey } from '../../../../../node/engine/runtime/hands/line.ts'
import { makeLine } from '../../../../../node/engine/runtime/hands/shared.ts'
import type { EngineError, StageEngine } from '../../../../../node/engine/runtime/index.ts'
import { LAST, openStage, tensor, tokens } from './deal.ts'

const failing = (how: string) => {
  const deaths: EngineError[] = []
  const engine = openStage(LAST, 3, {
    workerUrl: new URL(`./faulty/${how}.ts`, import.meta.url),
    onDeath: error => deaths.push(error),
  })
  return { engine, deaths }
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  )
}

const head = (engine: StageEngine) => engine.head(tensor(1, 2), tokens(2), 'lane')
const evaluate = (engine: StageEngine) => engine.evaluate(tensor(1, 2), tokens(2))

function threads(): number {
  return process.getActiveResourcesInfo().filter(name => name === 'MessagePort').length
}

describe('a hand', () => {
  it('that cannot load the model says why, and leaves no thread', async () => {
    const before = threads()
    const { engine, deaths } = failing('cannot-load')
    expect(await failure(engine)).to.include({ code: 'unsupported-op', node: '/block.0', op: 'Gemm' })
    expect(deaths).to.deep.equal([])
    while (threads() > before) await new Promise(resolve => setImmediate(resolve))
  })

  it('that cannot compute says why, and the engine goes on', async () => {
    const { engine: opening, deaths } = failing('cannot-run')
    const engine = await opening
    const error = await failure(head(engine))
    expect(error).to.include({ code: 'internal' })
    expect(String(error)).to.include('no room for the tensor')
    expect(await evaluate(engine)).to.be.above(0)
    expect(deaths).to.deep.equal([])
    await engine.dispose()
  })

  for (const [how, what] of [
    ['dies', /hand \d: .*exit code 3/],
    ['cannot-add', /hand 1: EngineError: .*the sum is lost/],
  ] as const) {
    it(`that ${how.replace('-', ' ')} ends the engine, which is told once`, async () => {
      const { engine: opening, deaths } = failing(how)
      const engine = await opening
      const errors = [await failure(head(engine).then(() => head(engine))), await failure(evaluate(engine))]
      expect(deaths).to.have.length(1)
      expect(deaths[0]).to.include({ code: 'worker-died' })
      expect(deaths[0]!.detail).to.match(what)
      for (const error of errors) expect(error).to.equal(deaths[0])
      await engine.dispose()
    })
  }

  it('that does not answer is waited for so long and no longer', () => {
    const commander = new Commander(makeLine(), 2, { sliceMs: 5, slices: 3 })
    commander.give('forward')
    expect(() => commander.wait()).to.throw(HandLost, 'hand 2 did not answer within 0.015 s')
    expect(() => commander.give('accumulate')).to.throw(HandLost)
  })

  it('has its message cut where it is longer than the room for it, whatever its characters', async () => {
    const line = makeLine()
    const commander = new Commander(line, 1)
    commander.give('end')
    await obey(line, async () => {
      throw new Error('\u0001'.repeat(9000))
    })
    expect(commander.wait()).to.equal('failed')
    const error = commander.failure()
    expect(error).to.include({ code: 'internal' })
    expect(String(error)).to.include('\u0001\u0001')
  })

  it('ends with its engine', async () => {
    const before = threads()
    const engine = await openStage(LAST, 3)
    await head(engine)
    expect(threads()).to.be.above(before)
    await engine.dispose()
    expect(threads()).to.equal(before)
  })
})
