import { expect } from 'chai'
import { createPace, type Pace, paceOf } from '../../../consensus/routing/index.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { checkForgotten, checkRound, totalSettled } from './checks.ts'
import { type Plan, peerName, World } from './world.ts'

const COMPUTE_MS = 40

/** Rounds one after the other: what was measured in one is known in the next. */
function playRounds(plan: Plan, rounds: number, change: (round: number) => Partial<Plan> = () => ({})): World[] {
  let paces = new Map<PeerName, Pace>()
  return Array.from({ length: rounds }, (_, round) => {
    const world = new World({ ...plan, seed: plan.seed + round, pace: peer => paces.get(peer), ...change(round) }).run()
    checkRound(world)
    world.end()
    checkForgotten(world)
    paces = new Map([...world.replicas.values()].map(({ name, state }) => [name, paceOf(state)]))
    return world
  })
}

const slowed = (slow: PeerName | null, factor: number) => (peer: PeerName) => COMPUTE_MS * (peer === slow ? factor : 1)

const countOf = (world: World, peer: PeerName): number => {
  const { ready } = world.replica(peer)
  return (ready?.lane.count ?? 0) + (ready?.offLane.count ?? 0)
}

describe('routing: unequal peers', () => {
  const plan: Plan = { stages: 3, replicas: 4, target: 32, seed: 21, hopMs: 2_000, drainMs: 2_000, roundMs: 20_000 }
  const lengthMs = (slow: PeerName | null): number => {
    const worlds = playRounds({ ...plan, computeMs: slowed(slow, 10) }, 5).slice(1)
    return worlds.reduce((sum, { closedAtMs }) => sum + (closedAtMs ?? Number.POSITIVE_INFINITY), 0) / worlds.length
  }

  for (const [stage, position] of ['source', 'middle', 'head'].entries()) {
    it(`closes the round in at most 1.6 times its length where a ${position} is ten times slower`, () => {
      expect(lengthMs(peerName(stage, 1))).to.be.at.most(1.6 * lengthMs(null))
    })

    it(`does not hold up the commits of others where a ${position} is ten times slower, and none of them is idle`, () => {
      const slow = peerName(stage, 1)
      // Two rounds show that it is slow, two more what its siblings take.
      for (const world of playRounds({ ...plan, computeMs: slowed(slow, 10) }, 7).slice(4)) {
        for (const { name, ready } of world.alive()) {
          if (name === slow) continue
          expect(ready!.atMs - world.closedAtMs!, name).to.be.below(1_000)
          // The lane of a slow source has nobody who brings it work.
          if (position !== 'source') expect(countOf(world, name), name).to.be.at.least(4)
        }
      }
    })
  }

  it('gives a slow hop one micro-batch at a time, and its lane back once it is quick again', () => {
    const slow = peerName(1, 2)
    const worlds = playRounds(plan, 7, round => ({ computeMs: slowed(round < 3 ? slow : null, 10) }))
    const inLane = worlds.map(world => world.replica(peerName(0, 2)).ready!.lane.count)
    expect(inLane[2]).to.be.below(4)
    expect(inLane[6]).to.be.at.least(6)
  })

  it('loses one deadline a round to a hop that accepts and stays silent, not one a micro-batch', () => {
    const silent = peerName(1, 0)
    const worlds = playRounds({ ...plan, override: peer => (peer === silent ? { kind: 'accepted' } : null) }, 4)
    for (const world of worlds.slice(1)) {
      const { events, ready } = world.replica(peerName(0, 0))
      expect(events.filter(event => event === 'rerouted').length).to.be.at.most(1)
      expect(ready!.offLane.count).to.be.at.least(4)
      expect(ready!.atMs - world.closedAtMs!).to.be.below(1_000)
    }
  })

  it('fills a deep pipeline: the window grows until the slowest of the lane is busy, and stays bounded', () => {
    const deep: Plan = {
      ...plan,
      stages: 6,
      target: 96,
      slack: 1,
      hopMs: 2_000,
      roundMs: 60_000,
      computeMs: slowed(null, 1),
    }
    const worlds = playRounds(deep, 6)
    const last = worlds.at(-1)!
    expect(last.closedAtMs!).to.be.below(0.6 * worlds[0]!.closedAtMs!)
    // 24 micro-batches a lane, forward and recomputed backward, and one lap to fill it.
    expect(last.closedAtMs!).to.be.below(1.5 * (24 * 2 * COMPUTE_MS + 12 * COMPUTE_MS))
    for (const { state, stage } of last.alive()) if (stage === 0) expect(paceOf(state).window).to.be.within(4, 16)
  })

  it('keeps the window of a slow source, and of one that settled nothing, small', () => {
    const slow = peerName(0, 3)
    const last = playRounds({ ...plan, computeMs: slowed(slow, 10) }, 5).at(-1)!
    expect(paceOf(last.replica(slow).state).window).to.be.at.most(2)
    const none = playRounds({ ...plan, roundMs: 500, override: () => ({ kind: 'busy' }) }, 3).at(-1)!
    expect(totalSettled(none)).to.equal(0)
    expect(paceOf(none.replica(slow).state).window).to.equal(1)
  })

  it('is bounded by what is due: a pace that asks for more gets no larger window than its share', () => {
    const eager = { ...createPace(2), window: 16 }
    const world = new World({ ...plan, target: 8, stages: 2, pace: () => eager }).run()
    expect(world.sends).to.be.at.most(2 * 4 * world.quota)
    for (const { state, stage } of world.alive()) if (stage === 0) expect(state.nextSequence).to.be.at.most(3)
  })
})
