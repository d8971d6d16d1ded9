import { expect } from 'chai'
import { loadKernels } from '../../../node/engine/kernels/index.ts'
import { drawScenario } from '../../../simulations/scenario/draw.ts'
import { World } from '../../../simulations/tier0/world.ts'
import { quick } from '../support.ts'

const kernels = await loadKernels()

describe('simulations/tier0/work', () => {
  it('goes on where a micro-batch is given up while its hop is still dialled', () => {
    const world = new World(drawScenario(quick(), 1), { kernels, messages: false })
    world.chain.start()
    for (const peer of world.peers) peer.start(0)
    world.time.run(200)
    const hops = world.stages[1]!
    for (const hop of hops) {
      hop.isUp = false
      hop.isStarting = true
    }
    world.time.run(1_000)
    const [source] = world.stages[0]!
    const work = source!.inbox!.current!.work!
    const held = source!.tensors.size
    work.close(true)
    for (const { name } of hops) work.reachable(name, false)
    expect(source!.tensors.size).to.be.lessThan(held)
    expect(() => world.time.run(10_000)).not.to.throw()
  })
})
