import { expect } from 'chai'
import fc from 'fast-check'
import {
  epochLanes,
  hopOrder,
  isOnLane,
  laneMembers,
  laneOf,
  makeLanes,
  nextHop,
  sourceQuota,
} from '../../../consensus/routing/index.ts'
import { isSeatedPath } from '../../../consensus/routing/lanes.ts'

const sizes = fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 6 })

function lanesOf(counts: readonly number[]) {
  return makeLanes(counts.map((count, stage) => Array.from({ length: count }, (_, index) => `s${stage}r${index}`)))
}

describe('routing: lanes', () => {
  it('have every replica in one lane, and in every lane a replica of every stage', () => {
    fc.assert(
      fc.property(sizes, counts => {
        const lanes = lanesOf(counts)
        for (const [stage, ranking] of lanes.rankings.entries()) {
          const members = Array.from({ length: lanes.count }, (_, lane) => laneMembers(lanes, lane, stage))
          expect(members.every(list => list.length > 0)).to.equal(true)
          expect(members.flat().sort()).to.deep.equal([...ranking].sort())
        }
      }),
    )
  })

  it('are those of the ranks, and a path is on one where all its holders are, in whatever epoch it is asked about', () => {
    const holders = fc.array(fc.nat(17), { maxLength: 7 })
    fc.assert(
      fc.property(sizes, sizes, holders, (counts, others, ranks) => {
        const path = ranks.map((rank, stage) => `s${stage}r${rank}`)
        for (const lanes of [lanesOf(counts), lanesOf(others)]) {
          const expected = path.map((peer, stage) => {
            const rank = lanes.rankings[stage]?.indexOf(peer) ?? -1
            return rank < 0 ? null : rank % lanes.count
          })
          expect(path.map((peer, stage) => laneOf(lanes, stage, peer))).to.deep.equal(expected)
          expect(isSeatedPath(lanes, path)).to.equal(!expected.includes(null))
          for (let lane = 0; lane < lanes.count; lane++)
            expect(isOnLane(lanes, lane, path)).to.equal(expected.every(of => of === lane))
        }
      }),
    )
  })

  it('lead from a source through its own lane only', () => {
    fc.assert(
      fc.property(sizes, fc.nat(100), (counts, sequence) => {
        const lanes = lanesOf(counts)
        for (const source of lanes.rankings[0]!) {
          const lane = laneOf(lanes, 0, source)!
          const path = counts.map((_, stage) => (stage === 0 ? source : nextHop(lanes, lane, stage, sequence)))
          expect(isOnLane(lanes, lane, path)).to.equal(true)
        }
      }),
    )
  })

  it('fall back to every sibling once, the own lane first', () => {
    fc.assert(
      fc.property(sizes, fc.nat(100), (counts, sequence) => {
        const lanes = lanesOf(counts)
        for (let lane = 0; lane < lanes.count; lane++) {
          for (const [stage, ranking] of lanes.rankings.entries()) {
            const order = hopOrder(lanes, lane, stage, sequence)
            const own = laneMembers(lanes, lane, stage)
            expect(order.toSorted()).to.deep.equal([...ranking].sort())
            expect(order.slice(0, own.length).toSorted()).to.deep.equal(own.toSorted())
          }
        }
      }),
    )
  })

  it('share the work of a larger stage by sequence', () => {
    const lanes = lanesOf([4, 7])
    expect([0, 1, 2].map(sequence => nextHop(lanes, 0, 1, sequence))).to.deep.equal(['s1r0', 's1r4', 's1r0'])
  })

  it('turn the senders of different lanes to different siblings', () => {
    const lanes = lanesOf([4, 4])
    const second = [0, 1, 2, 3].map(lane => hopOrder(lanes, lane, 1, 0)[1])
    expect(new Set(second).size).to.equal(4)
  })

  it('are drawn anew by each beacon, from the seats of every stage', () => {
    const groups = [0, 1].map(stage => ({
      seats: Array.from({ length: 8 }, (_, index) => ({ peer: `s${stage}r${index}`, stake: 1n })),
      faults: 2,
      quorum: 6,
      hash: new Uint8Array(32),
    }))
    const [one, two] = [1, 2].map(byte => epochLanes({ beacon: new Uint8Array(32).fill(byte), run: 'run' }, groups))
    expect(one!.rankings).not.to.deep.equal(two!.rankings)
    for (const { rankings, count } of [one!, two!]) {
      expect(count).to.equal(8)
      expect(rankings.map(ranking => ranking.toSorted())).to.deep.equal(
        groups.map(group => group.seats.map(seat => seat.peer)),
      )
    }
  })

  it('are refused for an empty stage', () => {
    expect(() => makeLanes([['a'], []])).to.throw(RangeError)
    expect(() => makeLanes([])).to.throw(RangeError)
  })

  it('give a source the quota ceil(target / n * slack)', () => {
    expect(sourceQuota(8, 4, 1.5)).to.equal(3)
    expect(sourceQuota(8, 4, 1)).to.equal(2)
    expect(sourceQuota(8, 7, 1.5)).to.equal(2)
    expect(sourceQuota(30, 3, 1.1)).to.equal(11)
  })
})
