import { expect } from 'chai'
import { createPace, type Pace, paceOf, usualMs } from '../../../consensus/routing/index.ts'
import { sourceArrived, sourceGiven, sourceLost, sourceMs } from '../../../consensus/routing/source-watch.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { type Plan, peerName, World } from './world.ts'

const COMPUTE_MS = 40

/** What everybody has measured after some rounds. */
function play(slow: readonly PeerName[], plan: Partial<Plan> = {}): ReadonlyMap<PeerName, Pace> {
  let paces = new Map<PeerName, Pace>()
  for (let round = 0; round < 4; round++) {
    const world = new World({
      ...{ stages: 3, replicas: 4, target: 32, seed: 7 + round, hopMs: 2_000, drainMs: 2_000, roundMs: 20_000 },
      computeMs: peer => COMPUTE_MS * (slow.includes(peer) ? 10 : 1),
      pace: peer => paces.get(peer),
      ...plan,
    }).run()
    world.end()
    paces = new Map([...world.replicas.values()].map(({ name, state }) => [name, paceOf(state)]))
  }
  return paces
}

const measured = (paces: ReadonlyMap<PeerName, Pace>, by: PeerName): ReadonlyMap<PeerName, number> =>
  usualMs(paces.get(by)!.measures.roundsMs)

describe('routing: what neighbours measure', () => {
  const [source, hop, head] = [0, 1, 2].map(stage => peerName(stage, 0)) as [string, string, string]

  it('is of the two neighbours in the lane, and of nobody else', () => {
    const paces = play([])
    for (let lane = 0; lane < 4; lane++) {
      const [first, second, third] = [0, 1, 2].map(stage => peerName(stage, lane)) as [string, string, string]
      expect([...measured(paces, first).keys()]).to.have.members([second])
      expect([...measured(paces, second).keys()]).to.have.members([first, third])
      expect([...measured(paces, third).keys()]).to.have.members([second])
    }
  })

  it('tells a slow hop from a slow head by what the head took itself', () => {
    const own = (slow: readonly PeerName[]): number => {
      const paces = play(slow)
      return measured(paces, source).get(hop)! - measured(paces, head).get(hop)!
    }
    const usual = own([])
    expect(own([hop])).to.be.above(4 * usual)
    expect(own([head])).to.be.below(2 * usual)
    expect(own([source])).to.be.below(2 * usual)
  })

  it('tells a slow source from one that waits for its lane', () => {
    const of = (slow: readonly PeerName[]): number | null => measured(play(slow), hop).get(source) ?? null
    const usual = of([])!
    expect(of([source])).to.be.above(5 * usual)
    expect(of([head])).to.be.below(2 * usual)
    // One that a slow hop keeps waiting is not seen well enough to be judged.
    expect(of([hop]) ?? usual).to.be.below(2 * usual)
  })

  it('is of one epoch', () => {
    const [pace] = [play([]).get(source)!]
    const again = play([], {
      pace: peer => (peer === source ? { ...pace, measures: { ...pace.measures, epoch: 1 } } : createPace(2)),
    })
    expect(again.get(source)!.measures.epoch).to.equal(0)
    expect(again.get(source)!.measures.roundsMs.get(hop)).to.have.length(1)
  })
})

describe('routing: a source as the hop behind it sees it', () => {
  const arrival = (sequence: number, nowMs: number, held: number, settledBelow = 0, wasParked = false) => ({
    ...{ sequence, nowMs, held, settledBelow, wasParked },
  })

  it('works while less of it is here than it has in flight: waiting does not count', () => {
    let watch = sourceArrived(null, arrival(0, 100, 1))
    watch = sourceArrived(watch, arrival(1, 200, 2))
    // Two in flight are both here for a long time; then the first goes back, and 300 + 100 ms later the next one comes.
    watch = sourceGiven(watch, 1, 5_000)
    watch = sourceArrived(watch, arrival(2, 5_400, 2, 1))
    expect(sourceMs(watch)).to.equal(400)
  })

  it('is not known from one forward, from parked ones, or where one between them went elsewhere', () => {
    const first = sourceArrived(null, arrival(0, 100, 1))
    expect(sourceMs(first)).to.equal(null)
    expect(sourceMs(sourceArrived(first, arrival(1, 100, 2, 0, true)))).to.equal(null)
    expect(sourceMs(sourceArrived(first, arrival(2, 200, 2)))).to.equal(null)
    expect(sourceMs(sourceArrived(sourceLost(first), arrival(1, 200, 1)))).to.equal(null)
  })

  it('is not judged by a forward that comes although nothing was given back: it may have given one up', () => {
    const two = sourceArrived(sourceArrived(null, arrival(0, 100, 1)), arrival(1, 200, 2))
    expect(sourceMs(sourceArrived(two, arrival(2, 9_000, 3)))).to.equal(sourceMs(two))
  })

  it('has settled no more than was given back to it, whatever it says', () => {
    const first = sourceArrived(null, arrival(0, 100, 1))
    const claims = sourceArrived(sourceGiven(first, 0, 200), arrival(1, 1_000, 1, 1_000))
    const honest = sourceArrived(sourceGiven(first, 0, 200), arrival(1, 1_000, 1, 1))
    expect(sourceMs(claims)).to.equal(sourceMs(honest))
  })
})
