import { expect } from 'chai'
import { Assemblies } from '../../../../protocols/wire/frames/assembly.ts'
import { ByteBudget, Limiter } from '../../../../protocols/wire/frames/limiter.ts'
import { checkTensor, isRefusal, type TensorExpectation, tensorBytes } from '../../../../protocols/wire/index.ts'
import { ManualClock } from './pairs.ts'

const never = new AbortController().signal

describe('limiters', () => {
  it('admit in order of arrival, by permits and by bytes', async () => {
    const limiter = new Limiter({ permits: 2, bytes: 100, waiting: 10 })
    const admitted: string[] = []
    const ask = async (name: string, bytes: number): Promise<void> => {
      if ((await limiter.acquire(bytes, never)) === null) admitted.push(name)
    }
    await Promise.all([ask('a', 60), ask('b', 40)])
    const waiting = [ask('c', 50), ask('d', 1)]
    limiter.release(40)
    await Promise.resolve()
    // c does not fit beside a, and d must not pass c.
    expect(admitted).to.deep.equal(['a', 'b'])
    limiter.release(60)
    await Promise.all(waiting)
    expect(admitted).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('admit one that is larger than all bytes when it is alone', async () => {
    expect(await new Limiter({ permits: 2, bytes: 10, waiting: 1 }).acquire(11, never)).to.equal(null)
  })

  it('refuse beyond the queue, and let a cancelled one go so that the next is served', async () => {
    const limiter = new Limiter({ permits: 1, bytes: 100, waiting: 2 })
    await limiter.acquire(1, never)
    const controller = new AbortController()
    const cancelled = limiter.acquire(1, controller.signal)
    const patient = limiter.acquire(1, never)
    expect((await limiter.acquire(1, never))?.refused).to.equal('overloaded')
    controller.abort()
    expect((await cancelled)?.refused).to.equal('aborted')
    limiter.release(1)
    expect(await patient).to.equal(null)
  })
})

describe('byte budgets', () => {
  it('count against themselves and their parent', () => {
    const parent = new ByteBudget(100)
    const [one, two] = [new ByteBudget(80, parent), new ByteBudget(80, parent)]
    expect(one.take(81)).to.equal(false)
    expect(one.take(80)).to.equal(true)
    expect(two.take(21)).to.equal(false)
    expect(two.take(20)).to.equal(true)
    one.give(80)
    expect(parent.takenBytes).to.equal(20)
    expect(two.take(60)).to.equal(true)
  })
})

describe('bodies in chunks', () => {
  it('do not copy a body of one chunk, and give back all bytes however they end', () => {
    const budget = new ByteBudget(100)
    const clock = new ManualClock()
    let timeouts = 0
    const bodies = new Assemblies({ clock, budget, timeoutMs: 10, onTimeout: () => timeouts++ })
    const done: Uint8Array[] = []
    const chunk = Uint8Array.of(1, 2, 3)
    bodies.begin('whole', 3, body => done.push(body))
    expect(bodies.add('whole', chunk)).to.equal(null)
    expect(done[0]).to.equal(chunk)
    bodies.begin('parts', 4, body => done.push(body))
    bodies.add('parts', Uint8Array.of(1))
    bodies.add('parts', chunk)
    expect(done[1]).to.deep.equal(Uint8Array.of(1, 1, 2, 3))
    expect(bodies.begin('too much', 94, () => undefined)).to.equal(false)
    bodies.begin('dropped', 50, () => undefined)
    bodies.begin('late', 40, () => undefined)
    bodies.drop('dropped')
    clock.advance(10)
    expect(timeouts).to.equal(1)
    bodies.dropAll()
    bodies.release(3)
    bodies.release(4)
    expect(budget.takenBytes).to.equal(0)
    expect(bodies.size).to.equal(0)
    expect(clock.timers).to.equal(0)
  })
})

describe('tensor headers', () => {
  const expected: TensorExpectation = { kind: 'forward', dtype: 'f32', shape: [2, 3] }
  const header = { ...expected, attachments: [Uint8Array.of(1)] }
  const body = new Uint8Array(24)
  const reason = (changed: object, bytes = body): string | null => {
    const result = checkTensor({ ...header, ...changed }, bytes, expected)
    return isRefusal(result) ? result.refused : null
  }

  it('are taken where kind, type, shape and length are as expected', () => {
    expect(tensorBytes('f32', [2, 3])).to.equal(24)
    expect(reason({})).to.equal(null)
  })

  it('are refused otherwise', () => {
    expect(reason({ kind: 'backward' })).to.equal('not-allowed')
    expect(reason({ dtype: 'u8' })).to.equal('wrong-shape')
    expect(reason({ shape: [3, 2] })).to.equal('wrong-shape')
    expect(reason({ shape: [2, 3, 1] })).to.equal('wrong-shape')
    expect(reason({}, new Uint8Array(23))).to.equal('wrong-shape')
    expect(reason({ shape: [0] })).to.equal('out-of-bounds')
    expect(reason({ shape: [1, 1, 1, 2, 3] })).to.equal('out-of-bounds')
    expect(reason({ dtype: 'f64' })).to.equal('out-of-bounds')
    expect(reason({ attachments: new Array(257).fill(Uint8Array.of(1)) })).to.equal('out-of-bounds')
    expect(reason({ attachments: [new Uint8Array(0)] })).to.equal('out-of-bounds')
    expect(reason({ more: 1 })).to.equal('out-of-bounds')
  })
})
