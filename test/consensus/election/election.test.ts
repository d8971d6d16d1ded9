import { expect } from 'chai'
import fc from 'fast-check'
import {
  beaconHeight,
  beaconOf,
  dealStages,
  type EpochSchedule,
  epochOf,
  epochStart,
  groupHash,
  makeGroup,
  oneHonest,
  partitionCandidates,
  quorum,
  ROLES,
  rankByHash,
  rankByStake,
  type Seat,
  seatIndex,
  seatsHeight,
} from '../../../consensus/election/index.ts'
import { hashHex, hexBytes } from '../../../protocols/wire/hash.ts'
import vectors from '../../vectors/consensus/election.json' with { type: 'json' }
import { hashOf, peerNames, RUN } from '../round/fixtures.ts'

const genesis = hashOf('genesis')
const scope = { genesis, run: RUN, epoch: 0, stage: 0 }

function seatsOf(stakes: readonly number[]): Seat[] {
  const names = peerNames(stakes.length)
  return stakes.map((stake, i) => ({ peer: names[i]!, stake: BigInt(stake) }))
}

function drawOf(round: number, role: string = ROLES.proposer) {
  return { beacon: hashOf('beacon'), run: RUN, stage: 0, round, role }
}

const stakes = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 20 })

describe('election: groups', () => {
  it('f is floor((n - 1) / 3) and Q is n - f; two quorums share an honest seat', () => {
    for (let n = 1; n <= 100; n++) {
      const { faults, quorum: q } = makeGroup(scope, seatsOf(Array(n).fill(1)))
      expect(faults).to.equal(Math.floor((n - 1) / 3))
      expect(q).to.equal(n - faults)
      expect(2 * q - n).to.be.above(faults)
    }
  })

  it('a quorum is Q different seats: neither strangers nor repetitions count', () => {
    const group = makeGroup(scope, seatsOf([1, 1, 1, 1]))
    const [a = '', b = '', c = ''] = group.seats.map(({ peer }) => peer)
    expect(quorum(group, [a, b, c])).to.equal(true)
    expect(quorum(group, [a, b, b, b])).to.equal(false)
    expect(quorum(group, [a, b, 'stranger'])).to.equal(false)
    expect(oneHonest(group, [a, b])).to.equal(true)
    expect(oneHonest(group, [a, a])).to.equal(false)
  })

  it('sorts its seats, and its hash names them, their stakes and the scope, whatever the order', () => {
    const seats = seatsOf([1, 2, 3])
    const group = makeGroup(scope, [...seats].reverse())
    expect(group.seats).to.deep.equal(seats)
    expect(seatIndex(group, seats[2]!.peer)).to.equal(2)
    expect(seatIndex(group, 'stranger')).to.equal(-1)
    const hashes = [
      groupHash(scope, seats),
      groupHash(scope, seats.slice(1)),
      groupHash(scope, seatsOf([1, 2, 4])),
      groupHash({ ...scope, epoch: 1 }, seats),
      groupHash({ ...scope, stage: 1 }, seats),
    ].map(hashHex)
    expect(hashes[0]).to.equal(hashHex(group.hash))
    expect(new Set(hashes).size).to.equal(5)
  })

  it('takes no peer twice', () => {
    expect(() => makeGroup(scope, [...seatsOf([1]), ...seatsOf([2])])).to.throw(RangeError)
  })
})

describe('election: epochs', () => {
  const schedule: EpochSchedule = { startHeight: 100, epochBlocks: 64, beaconLag: 4 }

  it('divides the chain without gaps', () => {
    expect([99, 100, 163, 164, 228].map(height => epochOf(schedule, height))).to.deep.equal([-1, 0, 0, 1, 2])
    for (let epoch = 0; epoch < 5; epoch++) {
      expect(epochOf(schedule, epochStart(schedule, epoch))).to.equal(epoch)
      expect(epochOf(schedule, epochStart(schedule, epoch) - 1)).to.equal(epoch - 1)
    }
  })

  it('draws the beacon from block S, later from beaconLag blocks before the epoch', () => {
    expect([0, 1, 2].map(epoch => beaconHeight(schedule, epoch))).to.deep.equal([100, 160, 224])
    expect(beaconHeight({ ...schedule, epochBlocks: 2 }, 1)).to.equal(100)
  })

  it('reads the seats before the beacon is known: a bond counts from the second epoch after its block', () => {
    expect([0, 1, 2, 3].map(epoch => seatsHeight(schedule, epoch))).to.deep.equal([100, 100, 163, 227])
    for (let height = 101; height < 400; height++) {
      const counted = [...Array(10).keys()].find(epoch => seatsHeight(schedule, epoch) >= height)
      expect(counted).to.equal(epochOf(schedule, height) + 2)
    }
    for (let epoch = 2; epoch < 9; epoch++)
      expect(seatsHeight(schedule, epoch)).to.be.below(beaconHeight(schedule, epoch))
  })
})

describe('election: rankings', () => {
  it('are permutations, the same in whatever order the seats come', () => {
    fc.assert(
      fc.property(stakes, fc.nat(1000), (stake, round) => {
        const seats = seatsOf(stake)
        const peers = seats.map(({ peer }) => peer)
        const byStake = rankByStake(drawOf(round), seats, 1000n)
        expect([...byStake].sort()).to.deep.equal(peers)
        expect(rankByStake(drawOf(round), [...seats].reverse(), 1000n)).to.deep.equal(byStake)
        const byHash = rankByHash(drawOf(round), peers)
        expect([...byHash].sort()).to.deep.equal(peers)
        expect(rankByHash(drawOf(round), [...peers].reverse())).to.deep.equal(byHash)
      }),
      { numRuns: 50 },
    )
  })

  it('lead in proportion to stake: chi-square over 4000 draws of 1, 2, 3, 4 is below its 0.999 quantile', () => {
    const seats = seatsOf([1, 2, 3, 4])
    const led = new Map<string, number>()
    for (let round = 0; round < 4000; round++) {
      const [first = ''] = rankByStake(drawOf(round), seats, 1000n)
      led.set(first, (led.get(first) ?? 0) + 1)
    }
    const chiSquare = seats.reduce((sum, { peer, stake }) => {
      const expected = 400 * Number(stake)
      return sum + ((led.get(peer) ?? 0) - expected) ** 2 / expected
    }, 0)
    // 3 degrees of freedom.
    expect(chiSquare).to.be.below(16.27)
  })

  it('draw without replacement: the second follows stake among those that are left', () => {
    const seats = seatsOf([6, 3, 1])
    let second = 0
    let draws = 0
    for (let round = 0; draws < 1000; round++) {
      const [a, b] = rankByStake(drawOf(round), seats, 1000n)
      if (a !== seats[0]?.peer) continue
      draws++
      if (b === seats[1]?.peer) second++
    }
    // 3 of 4; five standard deviations are 68.
    expect(second).to.be.within(682, 818)
  })

  it('cap the stake, and let a seat without stake lead too', () => {
    const capped = [0, 1, 2, 3].map(round => rankByStake(drawOf(round), seatsOf([1_000_000, 5]), 5n))
    const equal = [0, 1, 2, 3].map(round => rankByStake(drawOf(round), seatsOf([5, 5]), 5n))
    expect(capped).to.deep.equal(equal)
    expect(rankByStake(drawOf(0), seatsOf([0, 0, 0]), 5n)).to.have.length(3)
  })

  it('by hash are uniform: each of 5 peers is first in 2000 draws within five standard deviations of 400', () => {
    const peers = peerNames(5)
    const first = new Map<string, number>()
    for (let round = 0; round < 2000; round++) {
      const [peer = ''] = rankByHash(drawOf(round, ROLES.lane), peers)
      first.set(peer, (first.get(peer) ?? 0) + 1)
    }
    for (const peer of peers) expect(first.get(peer)).to.be.within(310, 490)
  })

  it('of different roles, rounds, stages and beacons are independent', () => {
    const peers = peerNames(16)
    const rankings = [
      rankByHash(drawOf(0, 'a'), peers),
      rankByHash(drawOf(0, 'b'), peers),
      rankByHash(drawOf(1, 'a'), peers),
      rankByHash({ ...drawOf(0, 'a'), stage: 1 }, peers),
      rankByHash({ ...drawOf(0, 'a'), beacon: hashOf('other') }, peers),
    ]
    expect(new Set(rankings.map(ranking => ranking.join())).size).to.equal(5)
  })

  it('give a partition 2f + 1 candidates, and spread partitions over all seats', () => {
    const group = makeGroup(scope, seatsOf(Array(7).fill(1)))
    const { role: _, ...draw } = drawOf(3)
    const load = new Map<string, number>()
    for (let p = 0; p < 140; p++) {
      const candidates = partitionCandidates(draw, group, p)
      expect(new Set(candidates).size).to.equal(5)
      for (const peer of candidates.slice(0, 3)) load.set(peer, (load.get(peer) ?? 0) + 1)
    }
    for (const { peer } of group.seats) expect(load.get(peer)).to.be.within(30, 90)
  })

  it('deal every peer one stage, all stages equally many', () => {
    const stages = dealStages(hashOf('beacon'), RUN, peerNames(12), 3)
    expect(stages.size).to.equal(12)
    for (let stage = 0; stage < 3; stage++)
      expect([...stages.values()].filter(dealt => dealt === stage)).to.have.length(4)
    expect([...dealStages(hashOf('other'), RUN, peerNames(12), 3)].sort()).to.not.deep.equal([...stages].sort())
  })
})

describe('election: vectors (test/vectors/consensus/election.json)', () => {
  const { run, peers, stakes: given } = vectors.input
  const seats = peers.map((peer, i) => ({ peer, stake: BigInt(given[i]!) }))
  const draw = { beacon: hexBytes(vectors.beacon), run, stage: 1, round: 5 }

  it('beacon, group hash, deal, rankings and candidates', () => {
    const groupScope = { genesis: hexBytes(vectors.input.genesis), run, epoch: 2, stage: 1 }
    expect(hashHex(beaconOf(hexBytes(vectors.input.block), run, 2))).to.equal(vectors.beacon)
    expect(hashHex(groupHash(groupScope, seats))).to.equal(vectors.groupHash)
    expect(Object.fromEntries(dealStages(draw.beacon, run, peers, 2))).to.deep.equal(vectors.deal)
    expect(rankByStake({ ...draw, role: 'proposer' }, seats, BigInt(vectors.input.cap))).to.deep.equal(
      vectors.proposers,
    )
    expect(rankByHash({ ...draw, role: 'lane' }, peers)).to.deep.equal(vectors.lane)
    expect(partitionCandidates(draw, makeGroup(groupScope, seats), 3)).to.deep.equal(vectors.candidates)
  })
})
