import { expect } from 'chai'
import fc from 'fast-check'
import { type Activity, type Phase, RoundClock } from '../../../node/peer/round-clock.ts'

describe('round clock', () => {
  it('charges every millisecond to exactly one account, whatever overlaps', async () => {
    const step = fc.oneof(
      fc.record({ phase: fc.constantFrom<Phase>('transfer', 'reduce', 'agree', 'idle') }),
      fc.record({ begin: fc.constantFrom<Activity>('compute', 'hash', 'fsync', 'chain') }),
      fc.record({ endOldest: fc.constant(true) }),
      fc.record({ waitMs: fc.nat(100) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
        let nowMs = 50
        const clock = new RoundClock(() => nowMs)
        const active: { end: () => void; ended: Promise<void> }[] = []
        for (const one of steps) {
          if ('phase' in one) clock.phase(one.phase)
          else if ('begin' in one) {
            const { promise, resolve } = Promise.withResolvers<void>()
            active.push({ end: resolve, ended: clock.during(one.begin, () => promise) })
          } else if ('waitMs' in one) nowMs += one.waitMs
          else {
            const oldest = active.shift()
            oldest?.end()
            await oldest?.ended
          }
        }
        const { totalMs, ...parts } = clock.take()
        expect(totalMs).to.equal(nowMs - 50)
        expect(Object.values(parts).reduce((sum, ms) => sum + ms, 0)).to.equal(totalMs)
        expect(Math.min(...Object.values(parts))).to.be.at.least(0)
        for (const { end } of active) end()
      }),
      { numRuns: 50 },
    )
  })

  it('charges what is computed to computing even while something is hashed or waited for', async () => {
    let nowMs = 0
    const clock = new RoundClock(() => nowMs)
    clock.phase('transfer')
    nowMs += 5
    const compute = Promise.withResolvers<void>()
    const hash = Promise.withResolvers<void>()
    const computing = clock.during('compute', () => compute.promise)
    const hashing = clock.during('hash', () => hash.promise)
    nowMs += 7
    compute.resolve()
    await computing
    nowMs += 3
    hash.resolve()
    await hashing
    clock.phase('agree')
    nowMs += 2
    expect(clock.take()).to.include({ transferMs: 5, computeMs: 7, hashMs: 3, agreeMs: 2, totalMs: 17 })
  })

  it('ends an activity that fails, and begins each round at zero', async () => {
    let nowMs = 0
    const clock = new RoundClock(() => nowMs)
    const failed = clock.during('fsync', () => Promise.reject(new Error('disk')))
    expect(await failed.catch((error: Error) => error.message)).to.equal('disk')
    nowMs += 4
    expect(clock.take()).to.include({ fsyncMs: 0, idleMs: 4 })
    expect(clock.take().totalMs).to.equal(0)
  })
})
