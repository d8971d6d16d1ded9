import { assert, expect } from 'chai'
import fc from 'fast-check'
import { type Answer, DEFAULT_WORK_LIMITS } from '../../../consensus/routing/index.ts'
import { checkForgotten, checkRound, totalSettled } from './checks.ts'
import { type Plan, peerName, World } from './world.ts'

const SIZES = [
  { stages: 1, replicas: 4, target: 8 },
  { stages: 2, replicas: 4, target: 8 },
  { stages: 3, replicas: 4, target: 8 },
  { stages: 4, replicas: 7, target: 14 },
]

function play(plan: Plan): World {
  const world = new World(plan).run()
  checkRound(world)
  world.end()
  checkForgotten(world)
  return world
}

describe('routing: the work of a round', () => {
  for (const size of SIZES) {
    it(`settles the target in lanes without any re-routing, ${size.stages} x ${size.replicas}`, () => {
      const world = play({ ...size, seed: 1 })
      expect(totalSettled(world)).to.be.at.least(size.target)
      expect(world.closedAtMs).to.be.below(5_000)
      for (const replica of world.alive()) {
        expect(replica.events).not.to.include('rerouted')
        expect(replica.ready?.offLane.count).to.equal(0)
        // Nobody waits out a drain when nothing is lost.
        expect(replica.ready!.atMs).to.be.below(world.closedAtMs! + 900)
      }
    })
  }

  it('takes no source beyond its quota, even where the round never closes by itself', () => {
    const world = play({ stages: 2, replicas: 4, target: 1_000, slack: 0.01, seed: 3, roundMs: 5_000 })
    expect(totalSettled(world)).to.equal(4 * world.quota)
  })

  it('is deterministic', () => {
    const plan: Plan = { stages: 3, replicas: 4, target: 8, seed: 9, loss: 0.1 }
    const runs = [play(plan), play(plan)].map(world =>
      [...world.replicas.values()].map(({ name, events, ready, settled }) => ({ name, events, ready, settled })),
    )
    expect(runs[0]).to.deep.equal(runs[1])
  })

  for (const noticed of [true, false]) {
    const how = noticed ? 'whose connection breaks' : 'that falls silent'
    it(`goes round a middle hop ${how}`, () => {
      const world = play({
        stages: 3,
        replicas: 4,
        target: 8,
        slack: 1,
        seed: 4,
        crashes: [{ peer: peerName(1, 2), atMs: 60, noticed }],
      })
      expect(totalSettled(world)).to.be.at.least(8)
      expect(world.replica(peerName(0, 2)).events).to.include('rerouted')
      expect(world.replica(peerName(0, 2)).settled).to.be.above(0)
      expect(world.replica(peerName(0, 2)).ready?.lane.count).to.equal(0)
    })

    it(`goes round a head ${how}`, () => {
      const world = play({
        stages: 2,
        replicas: 4,
        target: 8,
        slack: 1,
        seed: 5,
        crashes: [{ peer: peerName(1, 0), atMs: 40, noticed }],
      })
      expect(totalSettled(world)).to.be.at.least(8)
      expect(world.replica(peerName(0, 0)).settled).to.be.above(0)
    })

    it(`drops the micro-batches of a source ${how}, and no others`, () => {
      const world = play({
        stages: 3,
        replicas: 4,
        target: 8,
        seed: 6,
        crashes: [{ peer: peerName(0, 1), atMs: 60, noticed }],
      })
      expect(totalSettled(world)).to.be.at.least(8)
      for (const source of [0, 2, 3]) expect(world.replica(peerName(0, source)).events).not.to.include('dropped')
    })
  }

  it('recomputes at a sibling when a hop dies with the gradient in its hands', () => {
    const dying = peerName(1, 3)
    const world = play({
      stages: 3,
      replicas: 4,
      target: 8,
      slack: 1,
      seed: 7,
      crashOn: (peer, effect) => peer === dying && effect.type === 'send' && effect.direction === 'backward',
    })
    assert(!world.replica(dying).alive)
    const source = world.replica(peerName(0, 3))
    expect(source.events).to.include('rerouted')
    const paths = [...source.ready!.lane.trace, ...source.ready!.offLane.trace].map(entry => entry.path)
    expect(paths.length).to.be.above(0)
    for (const path of paths) expect(path).not.to.include(dying)
    // The head of the dead hop's lane computed it too: harmless, and paid to nobody.
    expect(world.replica(peerName(2, 3)).ready!.lane.count).to.be.above(0)
  })

  it('gives a gradient up within its budget when the hop that is to take it is gone', () => {
    const dying = peerName(1, 3)
    const world = new World({
      stages: 3,
      replicas: 4,
      target: 8,
      slack: 1,
      seed: 7,
      crashOn: (peer, effect) => peer === dying && effect.type === 'timer' && effect.id.startsWith('job/'),
    }).run()
    world.settle()
    checkRound(world)
    const head = world.replica(peerName(2, 3))
    expect(head.events).to.include('undelivered')
    expect(totalSettled(world)).to.equal(8)
    world.end()
    checkForgotten(world)
  })

  it('turns to a sibling after a bounded number of BUSY answers, and comes back to its lane with the next micro-batch', () => {
    const busy = peerName(1, 1)
    let answers = 0
    const sayBusy = (): Answer => {
      answers++
      return { kind: 'busy' }
    }
    const world = play({
      stages: 2,
      replicas: 4,
      target: 8,
      slack: 1,
      seed: 8,
      limits: { window: 1 },
      override: (peer, frame) =>
        peer === busy && frame.id.sequence === 0 && frame.id.source === peerName(0, 1) ? sayBusy() : null,
    })
    expect(answers).to.equal(5)
    const source = world.replica(peerName(0, 1))
    expect(source.ready!.offLane.trace.map(entry => entry.sequence)).to.deep.equal([0])
    expect(source.ready!.lane.trace.map(entry => entry.path[0])).to.include(busy)
  })

  it('survives a storm of BUSY within its retry budget', () => {
    const world = play({
      stages: 2,
      replicas: 4,
      target: 8,
      seed: 8,
      roundMs: 20_000,
      override: (_, frame) => (frame.direction === 'forward' ? { kind: 'busy' } : null),
    })
    expect(totalSettled(world)).to.equal(0)
    // Each of the quota's micro-batches: the first hop and each retry, asked five times.
    const { retries, busy } = DEFAULT_WORK_LIMITS
    expect(world.sends).to.be.at.most(4 * world.quota * (1 + retries) * (1 + busy))
  })

  it('keeps its quota through a moment in which nobody of the next stage is reached', () => {
    const world = play({
      stages: 2,
      replicas: 4,
      target: 8,
      slack: 1,
      seed: 14,
      unreachable: (peer, nowMs) => peer.startsWith('s1') && nowMs < 1_500,
    })
    expect(totalSettled(world)).to.equal(8)
  })

  it('waits for hops that are still starting in the first round, and stays in its lanes', () => {
    const comesMs = new Map([0, 1, 2].map(index => [peerName(1, index), 3_000 + 500 * index]))
    const world = play({ stages: 2, replicas: 4, target: 8, slack: 1, seed: 15, comesMs })
    expect(totalSettled(world)).to.equal(8)
    for (const replica of world.alive()) {
      expect(replica.events).not.to.include('rerouted')
      expect(replica.ready?.offLane.count).to.equal(0)
    }
  })

  it('goes round a hop that does not come within a quarter of the round, and waits for no other one after that', () => {
    const comesMs = new Map([0, 1].map(index => [peerName(1, index), Number.POSITIVE_INFINITY]))
    const world = play({ stages: 2, replicas: 4, target: 8, slack: 1, seed: 16, roundMs: 20_000, comesMs })
    expect(totalSettled(world)).to.equal(8)
    expect(world.closedAtMs).to.be.within(5_000, 8_000)
    expect(world.replica(peerName(0, 0)).ready?.offLane.count).to.equal(2)
  })

  it('leaves a hop that it waited for as soon as that one is gone', () => {
    const comesMs = new Map([[peerName(1, 0), Number.POSITIVE_INFINITY]])
    const crashes = [{ peer: peerName(1, 0), atMs: 500, noticed: true }]
    const world = play({ stages: 2, replicas: 4, target: 8, slack: 1, seed: 17, comesMs, crashes })
    expect(totalSettled(world)).to.equal(8)
    expect(world.closedAtMs).to.be.below(5_000)
  })

  it('is patient with a whole stage that is late, and stays in its lanes', () => {
    const world = play({
      stages: 2,
      replicas: 4,
      target: 8,
      seed: 10,
      override: (peer, _, nowMs) => (peer.startsWith('s1') && nowMs < 4_000 ? { kind: 'wait', round: 4 } : null),
    })
    expect(totalSettled(world)).to.be.at.least(8)
    for (const replica of world.alive()) expect(replica.ready?.offLane.count).to.equal(0)
  })

  it('leaves a single hop that says WAIT for too long', () => {
    const late = peerName(1, 0)
    const world = play({
      stages: 2,
      replicas: 4,
      target: 8,
      slack: 1,
      seed: 11,
      override: peer => (peer === late ? { kind: 'wait', round: 4 } : null),
    })
    expect(totalSettled(world)).to.be.at.least(8)
    expect(world.replica(peerName(0, 0)).ready!.offLane.count).to.be.above(0)
  })

  it('does not wait for a gradient that nobody will send once the round is closed', () => {
    const world = play({ stages: 4, replicas: 4, target: 4, slack: 3, seed: 12, drainMs: 30_000 })
    for (const replica of world.alive()) expect(replica.ready!.atMs).to.be.below(world.closedAtMs! + 2_000)
  })

  it('commits at its drain deadline, the head first, when a hop never answers', () => {
    const silent = peerName(2, 1)
    const world = new World({
      stages: 3,
      replicas: 4,
      target: 8,
      seed: 13,
      hopMs: 100_000,
      drainMs: 500,
      roundMs: 3_000,
      override: peer => (peer === silent ? { kind: 'accepted' } : null),
    }).run()
    checkRound(world)
    const closed = world.closedAtMs ?? 3_000
    expect(world.replica(peerName(1, 1)).ready!.atMs).to.be.within(closed + 1_000, closed + 1_100)
    expect(world.replica(peerName(0, 1)).ready!.atMs).to.be.within(closed + 1_000, closed + 1_600)
  })

  it('keeps all promises under any mix of loss, delay, crashes and slow engines', () => {
    const plans = fc.record({
      size: fc.constantFrom(...SIZES),
      seed: fc.integer(),
      loss: fc.constantFrom(0, 0, 0.05, 0.3),
      slowest: fc.constantFrom(5, 60, 800),
      latency: fc.constantFrom(1, 50, 700),
      window: fc.integer({ min: 1, max: 4 }),
      queue: fc.integer({ min: 1, max: 8 }),
      held: fc.integer({ min: 2, max: 16 }),
      crashes: fc.array(
        fc.record({
          stage: fc.nat(3),
          index: fc.nat(6),
          atMs: fc.nat(3_000),
          noticed: fc.boolean(),
        }),
        { maxLength: 3 },
      ),
    })
    fc.assert(
      fc.property(plans, ({ size, seed, loss, slowest, latency, window, queue, held, crashes }) => {
        const world = play({
          ...size,
          seed,
          loss,
          roundMs: 15_000,
          limits: { window, queue, held },
          computeMs: (_, random) => slowest * random(),
          latencyMs: (_, __, random) => latency * random(),
          crashes: crashes.map(({ stage, index, atMs, noticed }) => ({
            peer: peerName(stage % size.stages, index % size.replicas),
            atMs,
            noticed,
          })),
        })
        const lastMs = Math.max(...world.alive().map(replica => replica.ready!.atMs), 0)
        // Round, drain of the first stage, and what its engine had in hand.
        expect(lastMs).to.be.at.most(15_000 + size.stages * 1_000 + 2 * 800)
      }),
      { numRuns: 400 },
    )
  })
})
