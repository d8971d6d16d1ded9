import { expect } from 'chai'
import { checkForgotten, checkRound, totalSettled } from './checks.ts'
import { type Plan, peerName, World } from './world.ts'

function played(plan: Plan): World {
  const world = new World(plan).run()
  checkRound(world)
  world.end()
  checkForgotten(world)
  return world
}

describe('routing: a stage that is away or late', () => {
  it('keeps its quota however long nobody of the next stage is reached, and goes on at once when they are', () => {
    const unreachable = (peer: string, nowMs: number): boolean => peer.startsWith('s1') && nowMs < 30_000
    const backMs = new Map([0, 1, 2, 3].map(index => [peerName(1, index), 30_000]))
    const world = played({
      stages: 2,
      replicas: 4,
      target: 8,
      slack: 1,
      seed: 14,
      roundMs: 60_000,
      unreachable,
      backMs,
    })
    expect(totalSettled(world)).to.equal(8)
    expect(world.closedAtMs).to.be.below(32_000)
  })

  it('keeps its quota until every stage has begun the round, however long that takes', () => {
    const world = played({
      stages: 3,
      replicas: 4,
      target: 8,
      slack: 1,
      seed: 14,
      roundMs: 20_000,
      readyMs: 60_000,
      override: (peer, _, nowMs) =>
        peer.startsWith('s2') && nowMs < 60_000 ? { kind: 'refused', refusal: { refused: 'stale-round' } } : null,
    })
    expect(totalSettled(world)).to.equal(8)
    expect(world.closedAtMs).to.be.within(60_000, 63_000)
  })
})
