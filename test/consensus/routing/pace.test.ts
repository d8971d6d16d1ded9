import { expect } from 'chai'
import fc from 'fast-check'
import {
  answerDeadlineMs,
  createPace,
  drainDeadlineMs,
  gradientDeadlineMs,
  hopTimeMs,
  keepNeighbours,
  markLate,
  missDrain,
  missRound,
  missTrip,
  observeDrain,
  observeRound,
  observeTrip,
  overdueMs,
  type Pace,
  type PaceContext,
  roundDeadlineMs,
} from '../../../consensus/routing/pace.ts'

const TIMING = { hopMs: 8_000, drainMs: 5_000, roundMs: 60_000, backOff: 1.5 }
const HEAD_NEXT: PaceContext = { timing: TIMING, below: 1 }

function measured(times: number, trips: Readonly<Record<string, number>>, context = HEAD_NEXT): Pace {
  let pace = createPace(2)
  for (let time = 0; time < times; time++)
    for (const [peer, durationMs] of Object.entries(trips))
      pace = observeTrip(pace, 'gradient', peer, durationMs, context)
  return pace
}

describe('routing: pace', () => {
  it('is the manifest’s time-outs before anything was measured', () => {
    const pace = createPace(2)
    for (const below of [1, 2, 7]) {
      const context = { timing: TIMING, below }
      expect(gradientDeadlineMs(pace, 'a', context)).to.equal(below * (below + 1) * 8_000)
      expect(hopTimeMs(pace, 'a', context)).to.equal(8_000)
      expect(answerDeadlineMs(pace, 'forward', 'a', context)).to.equal(8_000)
      expect(drainDeadlineMs(pace, context)).to.equal((below + 1) * 5_000)
      expect(roundDeadlineMs(pace, context)).to.equal(60_000)
    }
  })

  it('follows each neighbour and each direction on its own', () => {
    let pace = measured(200, { fast: 2_000, slow: 6_000 })
    pace = observeTrip(pace, 'forward', 'fast', 500, HEAD_NEXT)
    expect(gradientDeadlineMs(pace, 'fast', HEAD_NEXT)).to.be.closeTo(4_000, 200)
    expect(gradientDeadlineMs(pace, 'slow', HEAD_NEXT)).to.be.closeTo(12_000, 600)
    expect(answerDeadlineMs(pace, 'forward', 'fast', HEAD_NEXT)).to.equal(1_500)
    expect(answerDeadlineMs(pace, 'backward', 'fast', HEAD_NEXT)).to.equal(8_000)
  })

  it('lets the nearest sender give up first: each stage above waits for one more recovery', () => {
    // The way there and back from h stages above takes 2h hops of a second.
    const deadlines = [1, 2, 3, 4].map(below => {
      const context = { timing: TIMING, below }
      return gradientDeadlineMs(measured(300, { a: 2_000 * below }, context), 'a', context)
    })
    for (const [index, deadline] of deadlines.entries()) {
      const nearer = deadlines[index - 1]
      if (nearer !== undefined) expect(deadline).to.be.above(nearer + 2_000)
    }
  })

  it('keeps a liar that answers slowly from raising anybody else’s deadlines, and its own beyond twice the base', () => {
    const lies = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 100 })
    fc.assert(
      fc.property(lies, answers => {
        const honest = measured(50, { a: 2_000, b: 2_500, c: 3_000 })
        let pace = honest
        for (const durationMs of answers) pace = observeTrip(pace, 'gradient', 'liar', durationMs, HEAD_NEXT)
        for (const peer of ['a', 'b', 'c'])
          expect(gradientDeadlineMs(pace, peer, HEAD_NEXT)).to.equal(gradientDeadlineMs(honest, peer, HEAD_NEXT))
        expect(gradientDeadlineMs(pace, 'liar', HEAD_NEXT)).to.be.at.most(2 * 16_000)
        // A hop that was never asked gets what the others take: one of four cannot move the lower median beyond the honest.
        const most = Math.max(...['a', 'b', 'c'].map(peer => gradientDeadlineMs(honest, peer, HEAD_NEXT)))
        expect(gradientDeadlineMs(pace, 'new', HEAD_NEXT)).to.be.at.most(most)
      }),
    )
  })

  it('judges a late hop by what the others take, until it gives a gradient back in that time', () => {
    let pace = measured(200, { a: 2_000, b: 2_000, slow: 9_000 })
    expect(gradientDeadlineMs(pace, 'slow', HEAD_NEXT)).to.be.above(15_000)
    pace = markLate(pace, 'slow')
    expect(gradientDeadlineMs(pace, 'slow', HEAD_NEXT)).to.be.closeTo(4_000, 200)
    pace = observeTrip(pace, 'gradient', 'slow', 9_000, HEAD_NEXT)
    expect([...pace.late]).to.deep.equal(['slow'])
    pace = observeTrip(pace, 'gradient', 'slow', 3_000, HEAD_NEXT)
    expect([...pace.late]).to.deep.equal([])
  })

  it('waits longer after a miss, and as long as before once something is measured', () => {
    const pace = measured(300, { a: 2_000 })
    const missed = missTrip(pace, 'gradient', 'a')
    expect(gradientDeadlineMs(missed, 'a', HEAD_NEXT)).to.be.closeTo(1.5 * gradientDeadlineMs(pace, 'a', HEAD_NEXT), 1)
    const again = observeTrip(missed, 'gradient', 'a', 2_000, HEAD_NEXT)
    expect(gradientDeadlineMs(again, 'a', HEAD_NEXT)).to.be.closeTo(gradientDeadlineMs(pace, 'a', HEAD_NEXT), 1)
  })

  it('gives a round three times its usual length, a quarter of the base at least', () => {
    let pace = createPace(2)
    for (let round = 0; round < 50; round++) pace = observeRound(pace, 9_000, HEAD_NEXT)
    expect(roundDeadlineMs(pace, HEAD_NEXT)).to.be.closeTo(27_000, 1_000)
    for (let round = 0; round < 200; round++) pace = observeRound(pace, 1_000, HEAD_NEXT)
    expect(roundDeadlineMs(pace, HEAD_NEXT)).to.equal(15_000)
    for (let round = 0; round < 30; round++) pace = missRound(pace)
    expect(roundDeadlineMs(pace, HEAD_NEXT)).to.equal(120_000)
  })

  it('never drains for longer than the manifest says', () => {
    let pace = createPace(2)
    for (let round = 0; round < 30; round++) pace = missDrain(pace)
    expect(drainDeadlineMs(pace, HEAD_NEXT)).to.equal(10_000)
    for (let round = 0; round < 99; round++) pace = observeDrain(pace, 2_000, HEAD_NEXT)
    expect(drainDeadlineMs(pace, HEAD_NEXT)).to.be.closeTo(4_000, 100)
  })

  it('calls a gradient overdue before its deadline, and never without a measurement', () => {
    expect(overdueMs(createPace(2), 'a', 2, HEAD_NEXT)).to.equal(null)
    const pace = measured(300, { a: 4_000 })
    expect(overdueMs(pace, 'a', 2, HEAD_NEXT)).to.be.within(4_500, gradientDeadlineMs(pace, 'a', HEAD_NEXT) - 1_000)
  })

  it('forgets who is no neighbour any more', () => {
    const pace = markLate(markLate(measured(3, { a: 1_000, b: 1_000 }), 'a'), 'b')
    const kept = keepNeighbours(pace, new Set(['b', 'c']))
    expect([...kept.trips.gradient.keys()]).to.deep.equal(['b'])
    expect([...kept.late]).to.deep.equal(['b'])
  })

  it('takes late hops back, by what the others take, also where all of them are late', () => {
    let pace = measured(20, { a: 2_000, b: 2_400, c: 2_200, slow: 9_000 })
    for (const hop of ['a', 'b', 'c', 'slow']) pace = markLate(missTrip(pace, 'gradient', hop), hop)
    pace = observeTrip(pace, 'gradient', 'slow', 9_000, HEAD_NEXT)
    expect([...pace.late]).to.deep.equal(['a', 'b', 'c', 'slow'])
    for (const hop of ['a', 'b', 'c']) pace = observeTrip(pace, 'gradient', hop, 2_500, HEAD_NEXT)
    expect([...pace.late]).to.deep.equal(['slow'])
  })
})
