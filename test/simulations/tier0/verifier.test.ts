import { expect } from 'chai'
import { loadKernels } from '../../../node/engine/kernels/index.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { drawScenario } from '../../../simulations/scenario/draw.ts'
import { World } from '../../../simulations/tier0/world.ts'
import { quick } from '../support.ts'

const kernels = await loadKernels()

describe('simulations/tier0/verifier', () => {
  const world = new World(drawScenario(quick(), 1), { kernels, messages: false })
  world.chain.start()
  for (const peer of world.peers) peer.start(0)
  world.time.run(60_000)
  const { certificate } = world.peers[0]!.journal.rounds.get(1)!
  const { value, outcomes, commits } = certificate
  const right = world.verify(certificate)

  it('checks a certificate once, whoever put it together', () => {
    expect(isRefusal(right)).to.equal(false)
    expect(world.verify({ value, outcomes: [...outcomes], commits: [...commits] })).to.equal(right)
  })

  it('refuses another one of the same value, though that was found right', () => {
    const copied = outcomes.map(envelope => envelope.slice())
    expect(world.verify({ value, outcomes: copied, commits })).to.include({ refused: 'bad-signature' })
    expect(isRefusal(world.verify({ value, outcomes: outcomes.slice(1), commits }))).to.equal(true)
    expect(isRefusal(world.verify({ value, outcomes, commits: commits.slice(1) }))).to.equal(true)
  })

  it('refuses it after another parent', () => {
    const parent = { value: new Uint8Array(32).fill(1), outcome: new Uint8Array(32) }
    expect(world.verify(certificate, value.parent)).to.not.have.property('refused')
    expect(world.verify(certificate, parent)).to.include({ refused: 'wrong-hash' })
  })
})
