import { expect } from 'chai'
import { checkForgotten, checkRound, totalSettled } from './checks.ts'
import { peerName, World } from './world.ts'

describe('routing: a replica that is about to pause', () => {
  /** Plays a round in which this replica is told to pause; deadlines are so long that who waited for one would show it. */
  function pausing(peer: string, atMs: number): World {
    const world = new World({
      stages: 3,
      replicas: 4,
      target: 16,
      slack: 1.5,
      seed: 11,
      hopMs: 20_000,
      drainMs: 20_000,
    })
    while (world.nowMs < atMs) world.next()
    world.feed(world.replica(peer), { type: 'pause' })
    world.run()
    checkRound(world)
    return world
  }

  for (const stage of [0, 1, 2]) {
    it(`in stage ${stage} keeps what it did, and nobody waits for a deadline`, () => {
      const calm = new World({ stages: 3, replicas: 4, target: 16, slack: 1.5, seed: 11, hopMs: 20_000 }).run()
      for (const atMs of [1, 60, 150, 300]) {
        const peer = peerName(stage, 1)
        const world = pausing(peer, atMs)
        expect(totalSettled(world)).to.be.at.least(16)
        expect(world.closedAtMs, `told at ${atMs} ms`).to.be.below(2 * calm.closedAtMs! + 500)
        for (const { events } of world.alive()) expect(events).not.to.include('undelivered')
        // What it had begun came home: it is committed here and counted by its source.
        const { ready, added } = world.replica(peer)
        expect(ready!.lane.count + ready!.offLane.count).to.equal(added.lane + added['off-lane'])
        world.end()
        checkForgotten(world)
      }
    })
  }

  it('gives back what it has not begun, takes nothing more, and is not asked again', () => {
    const peer = peerName(1, 1)
    let asked = 0
    const world = new World({
      stages: 3,
      replicas: 4,
      target: 32,
      seed: 11,
      hopMs: 20_000,
      override: (to, { direction }) => {
        if (to === peer && direction === 'forward' && world.replica(peer).state.pausing) asked++
        return null
      },
    })
    while (world.nowMs < 100) world.next()
    world.feed(world.replica(peer), { type: 'pause' })
    expect([...world.replica(peer).state.jobs.values()].filter(({ phase }) => phase === 'queued')).to.deep.equal([])
    world.run()
    checkRound(world)
    expect(totalSettled(world)).to.be.at.least(32)
    // At most once by each sender of the stage before: then it knows.
    expect(asked).to.be.within(1, 4)
  })

  it('told before the round begins, does as much as a commitment needs, and no more', () => {
    const source = peerName(0, 1)
    const world = new World({ stages: 2, replicas: 4, target: 32, seed: 11, hopMs: 20_000 })
    world.feed(world.replica(source), { type: 'pause' })
    world.run()
    checkRound(world)
    const { state, ready } = world.replica(source)
    expect(ready!.lane.count).to.equal(state.context.countMin)
    expect(state.nextSequence).to.equal(state.context.countMin)
  })

  it('told before its first micro-batch is computed, keeps as many of its own as a commitment needs', () => {
    const world = new World({ stages: 2, replicas: 4, target: 32, seed: 11, hopMs: 20_000 })
    const source = world.replica(peerName(0, 1))
    while (source.state.jobs.size === 0) world.next()
    const drawn = [...source.state.jobs.values()].filter(({ phase }) => phase !== 'lost').length
    world.feed(source, { type: 'pause' })
    expect([...source.state.jobs.values()].filter(({ phase }) => phase !== 'lost')).to.have.length(drawn)
    world.run()
    checkRound(world)
    expect(source.ready!.lane.count).to.equal(source.state.context.countMin)
  })

  it('refuses forwards of the next round too', () => {
    const world = new World({ stages: 2, replicas: 4, target: 8, seed: 1 })
    const peer = world.replica(peerName(1, 0))
    world.feed(peer, { type: 'pause' })
    const source = peerName(0, 0)
    const id = { round: 6, source, sequence: 0 }
    const input = {
      type: 'forward',
      from: source,
      id,
      path: [source],
      tensor: world.newTensor(peer, [source]),
      statistics: null,
      settledBelow: 0,
    } as const
    expect(world.feed(peer, input)).to.deep.equal({ kind: 'refused', refusal: { refused: 'paused' } })
  })
})
