import { expect } from 'chai'
import fc from 'fast-check'
import { type Lanes, laneOf, makeLanes } from '../../../consensus/routing/index.ts'
import { pairedLanes, SLOWEST, type SpeedClasses, speedClasses } from '../../../consensus/routing/speed.ts'

const NONE: SpeedClasses = new Map()
const SEATS = [0, 1, 2].map(stage => ['w', 'x', 'y', 'z'].map(name => `${name}${stage}`))
const LANES = makeLanes(SEATS)

/** What each lane's member of each stage was paid for. */
function work(lanes: Lanes, counts: readonly (readonly number[])[]) {
  const paid = lanes.rankings.map(
    (ranking, stage) => new Map(ranking.map((peer, index) => [peer, counts[stage]![index]!] as const)),
  )
  return { lanes, paid }
}

const even = (stage: readonly number[]) => [stage, [100, 100, 100, 100], [100, 100, 100, 100]]

describe('routing: lanes of like speeds', () => {
  it('class half as quick, a quarter, and the rest', () => {
    for (const [count, speed] of [50, 25, 12, 0].entries()) {
      const classes = speedClasses(NONE, work(LANES, even([100, 100, speed, 100])))
      expect(SEATS[0]!.map(peer => classes.get(peer))).to.deep.equal([0, 0, Math.min(count + 1, SLOWEST), 0])
    }
  })

  it('stay as they are where counts differ by noise: up to a quarter below the median, and anything above it', () => {
    const counts = fc.array(fc.integer({ min: 87, max: 115 }), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(fc.tuple(counts, counts, counts), stages => {
        expect(pairedLanes(LANES, speedClasses(NONE, work(LANES, stages)))).to.deep.equal(LANES)
      }),
    )
  })

  it('put the slow ones of every stage into one lane, and keep the salted order among the quick', () => {
    const slow = [
      [100, 10, 100, 100],
      [100, 100, 10, 100],
      [10, 100, 100, 100],
    ]
    const lanes = pairedLanes(LANES, speedClasses(NONE, work(LANES, slow)))
    expect(['x0', 'y1', 'w2'].map((peer, stage) => laneOf(lanes, stage, peer))).to.deep.equal([3, 3, 3])
    expect(lanes.rankings[0]!.slice(0, 3)).to.deep.equal(['w0', 'y0', 'z0'])
  })

  it('do not take hops for slow whose source was, and remember those that were slow before', () => {
    const starved = work(LANES, [
      [100, 10, 100, 100],
      [100, 10, 100, 100],
      [100, 10, 100, 100],
    ])
    const classes = speedClasses(new Map([['x2', SLOWEST]]), starved)
    expect(['x0', 'x1', 'x2'].map(peer => classes.get(peer))).to.deep.equal([SLOWEST, 0, SLOWEST])
  })

  it('are the same seats in any case, and the same for everybody: the order of the counts does not matter', () => {
    const counts = fc.array(fc.array(fc.nat(1_000), { minLength: 4, maxLength: 4 }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(counts, stages => {
        const measured = work(LANES, stages)
        const lanes = pairedLanes(LANES, speedClasses(NONE, measured))
        for (const [stage, ranking] of lanes.rankings.entries())
          expect(ranking.toSorted()).to.deep.equal(SEATS[stage]!.toSorted())
        const shuffled = measured.paid.map(stage => new Map([...stage].reverse()))
        expect(pairedLanes(LANES, speedClasses(NONE, { lanes: LANES, paid: shuffled }))).to.deep.equal(lanes)
      }),
    )
  })

  it('cannot be climbed but by work: more of it never makes a source slower, and a minority cannot make others slow', () => {
    const stage = fc.array(fc.nat(200), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(stage, fc.nat(3), fc.nat(100), (counts, at, more) => {
        const peer = SEATS[0]![at]!
        const raised = counts.map((count, index) => count + (index === at ? more : 0))
        const speedOf = (all: readonly number[]) => speedClasses(NONE, work(LANES, even(all))).get(peer) ?? SLOWEST
        expect(speedOf(raised)).to.be.at.most(speedOf(counts))
      }),
    )
    const boasting = speedClasses(NONE, work(LANES, even([1_000_000, 100, 100, 100])))
    expect(SEATS[0]!.map(peer => boasting.get(peer))).to.deep.equal([0, 0, 0, 0])
  })

  it('count seats of which nothing is known as quick', () => {
    const before = makeLanes(SEATS.map(seats => seats.slice(0, 3)))
    const classes = speedClasses(
      NONE,
      work(before, [
        [10, 100, 100],
        [100, 100, 100],
        [100, 100, 100],
      ]),
    )
    expect(pairedLanes(LANES, classes).rankings[0]).to.deep.equal(['x0', 'y0', 'z0', 'w0'])
  })
})
