/** Bootstrap peers are plain addresses to start from, and nothing more. */
import { expect } from 'chai'
import { expectOneHistory, Swarm } from '../harness/index.ts'

describe('a swarm that nobody is the parent of', () => {
  let swarm: Swarm

  before(async () => {
    swarm = await Swarm.create()
  })
  after(() => swarm?.stopAll())

  it('goes on without its bootstrap peers, and takes back a peer that has only its address book', async () => {
    const [first = [], last = []] = swarm.stages().map(stage => swarm.replicasOf(stage))
    const bootstrap = [first[0] ?? -1, last[0] ?? -1]
    swarm.start(undefined, { bootstrap, hasParent: false })
    await swarm.certified(3)

    const before = swarm.certifiedRound()
    await Promise.all(bootstrap.map(index => swarm.kill(index)))
    await swarm.certified(before + 2)

    // Its stage cannot go on without it now: two of four are away.
    const returning = first[1] ?? -1
    await swarm.kill(returning)
    const left = swarm.certifiedOf(0)
    swarm.start([returning], { bootstrap: [], hasParent: false })
    await swarm.certified(left + 3)
    expect(swarm.certifiedBy(returning)).to.be.greaterThan(left)
    expectOneHistory(swarm)
  })
})
