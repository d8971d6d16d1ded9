/** Nine peers in stages of 5 and 4, and one of the four is gone for good: one of the five moves. Some 90 s: seven epochs of ten blocks of a second. */
import { expect } from 'chai'
import { expectOneHistory, Swarm, verify } from '../harness/index.ts'

const PATIENCE_MS = 180_000

describe('a stage of 5 replicas and one of 4 that loses one', () => {
  let swarm: Swarm
  let full: number
  let victim: number
  const all = Array.from({ length: 9 }, (_, index) => index)
  const nameOf = (index: number): string => swarm.peers[index]?.peer ?? ''

  before(async () => {
    swarm = await Swarm.create({
      surplus: 1,
      emptyBlockMs: 1_000,
      chain: { epochBlocks: 10, beaconLag: 2, rootEvery: 8, anchorEvery: 4 },
      timeouts: { proposeMs: 1_000, voteMs: 500, graceCapMs: 300, reduceMs: 400, hopMs: 2_000 },
    })
    swarm.start(all)
    await swarm.until(() => all.every(index => swarm.isReady(index)), 'every peer to be ready', PATIENCE_MS)
    await swarm.certified(2, PATIENCE_MS)
    const sizes = [0, 1].map(stage => all.filter(index => swarm.stageOf(index) === stage).length)
    expect([...sizes].sort()).to.deep.equal([4, 5])
    full = sizes.indexOf(5)
    victim = all.find(index => swarm.stageOf(index) !== full)!
  })
  after(() => swarm?.stopAll())

  it('draws one of the five, who follows the other stage from its own seat, is admitted there, and moves', async () => {
    await swarm.kill(victim)
    const short = 1 - full
    const dealt = await swarm.waitFor(
      'seat',
      ({ stage, became, peer }) =>
        stage === short && became === 'candidate' && swarm.stageOf(swarm.indexOf(peer)) === full,
      'a seat of the full stage to be drawn',
      { timeoutMs: PATIENCE_MS },
    )
    const mover = swarm.indexOf(dealt.peer)
    const decided = await swarm.waitFor(
      'membership.changed',
      ({ stage, changes }) =>
        stage === short && changes.some(({ peer, act }) => peer === dealt.peer && act === 'admit'),
      'the short stage to admit it',
      { timeoutMs: PATIENCE_MS },
    )
    const works = swarm.log
      .of('round.certified', { by: mover })
      .filter(({ stage, timeMs }) => stage === full && timeMs > dealt.timeMs && timeMs < decided.timeMs)
    expect(works.length, 'it sits where it sat meanwhile').to.be.greaterThan(0)
    const counted = await swarm.waitFor(
      'round.certified',
      ({ stage, sealed }) => stage === short && sealed.some(({ peer, count }) => peer === dealt.peer && count > 0),
      'a certificate of the short stage with its work',
      { timeoutMs: PATIENCE_MS },
    )
    expect(counted.timeMs).to.be.greaterThan(decided.timeMs)
    const moves = swarm.log.of('seat').filter(({ became, stage }) => became === 'unseated' && stage === full)
    expect(new Set(moves.map(({ peer }) => peer)), 'nobody else').to.deep.equal(new Set([dealt.peer]))
    expect(swarm.log.of('seat').some(({ peer, became }) => peer === nameOf(victim) && became === 'unseated')).to.equal(
      true,
    )
  })

  it('leaves a history that anybody can verify', async () => {
    const round = swarm.certifiedRound()
    await swarm.certified(round + 2)
    await Promise.all(all.filter(index => swarm.isRunning(index)).map(index => swarm.stop(index)))
    expectOneHistory(swarm)
    const { code, output, errors } = await verify(swarm)
    expect(code, `${output}\n${errors}`).to.equal(0)
  })
})
