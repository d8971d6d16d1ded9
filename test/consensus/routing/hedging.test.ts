import { expect } from 'chai'
import { DEFAULT_WORK_LIMITS, type Pace, paceOf } from '../../../consensus/routing/index.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { checkForgotten, checkRound, totalSettled } from './checks.ts'
import { type Plan, peerName, World } from './world.ts'

/** Sources have no slack: the round ends with its slowest micro-batch. */
const PLAN: Plan = { stages: 4, replicas: 4, target: 64, slack: 1, seed: 40, roundMs: 20_000 }
const STRAGGLER = peerName(1, 1)

/** Machines of a home: most of the time quick, now and then three times slower. So deadlines are long. */
const uneven = (_: PeerName, random: () => number): number => (random() < 0.15 ? 120 : 30 + 20 * random())

function finish(world: World): World {
  world.run()
  checkRound(world)
  world.end()
  checkForgotten(world)
  return world
}

/** What everybody knows after five rounds without a straggler. */
function experience(): ReadonlyMap<PeerName, Pace> {
  let paces = new Map<PeerName, Pace>()
  for (let round = 0; round < 5; round++) {
    const world = finish(
      new World({ ...PLAN, seed: PLAN.seed + round, computeMs: uneven, pace: peer => paces.get(peer) }),
    )
    paces = new Map([...world.replicas.values()].map(({ name, state }) => [name, paceOf(state)]))
  }
  return paces
}

describe('routing: hedging', () => {
  const paces = experience()

  /** One machine stands still for three seconds at its n-th computation of 32: a forward and a backward a micro-batch. */
  function tail(seed: number, hedges: number, nth = 29): World {
    let computed = 0
    const computeMs: Plan['computeMs'] = (peer, random) => {
      if (peer === STRAGGLER && ++computed === nth) return 3_000
      return uneven(peer, random)
    }
    return new World({ ...PLAN, seed, limits: { hedges }, computeMs, pace: peer => paces.get(peer) })
  }

  it('cuts the tail of a round whose last micro-batches are late, and pays each once', () => {
    let cut = 0
    for (let seed = 100; seed < 106; seed++) {
      const [without, hedged] = [0, DEFAULT_WORK_LIMITS.hedges].map(hedges => finish(tail(seed, hedges)))
      expect(totalSettled(hedged!)).to.equal(PLAN.target)
      cut += 1 - hedged!.closedAtMs! / without!.closedAtMs!
      expect(hedged!.replica(peerName(0, 1)).events).to.include('hedged')
    }
    expect(cut / 6).to.be.above(0.2)
  })

  it('sends out copies of a quarter of what is due at the most', () => {
    for (let seed = 200; seed < 206; seed++) {
      for (const { events } of finish(tail(seed, DEFAULT_WORK_LIMITS.hedges, 26)).alive())
        expect(events.filter(event => event === 'hedged').length).to.be.at.most(4)
    }
  })

  it('sends none before the tail', () => {
    const world = tail(300, DEFAULT_WORK_LIMITS.hedges, 2)
    const source = world.replica(peerName(0, 1))
    while (source.settled < 12) {
      expect(source.events).not.to.include('hedged')
      world.next()
    }
  })

  it('goes on with the copy where the first hop dies, and with the first where the copy is refused', () => {
    const dies = tail(101, DEFAULT_WORK_LIMITS.hedges)
    const source = dies.replica(peerName(0, 1))
    while (!source.events.includes('hedged')) dies.next()
    dies.crash(STRAGGLER, true)
    expect(totalSettled(finish(dies))).to.equal(PLAN.target)

    const refused = tail(101, DEFAULT_WORK_LIMITS.hedges)
    const lane = refused.replica(peerName(0, 1))
    const world = new World({
      ...refused.plan,
      override: (peer, { id, direction }) =>
        direction === 'forward' && peer !== STRAGGLER && peer.startsWith('s1') && id.source === lane.name
          ? { kind: 'refused', refusal: { refused: 'overloaded' } }
          : null,
    })
    expect(totalSettled(finish(world))).to.equal(PLAN.target)
  })
})
