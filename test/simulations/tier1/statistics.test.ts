/** Tensors unlike those that siblings receive, with the real network stack and engine. */
import { expect } from 'chai'
import { drawScenario } from '../../../simulations/scenario/draw.ts'
import { falseTensors } from '../../../simulations/scenarios/false-tensors.ts'
import { learningCost } from '../../../simulations/tier1/learning.ts'
import { of, simulate } from './support.ts'

const PATIENCE_MS = 240_000
const ROUNDS = 5
/** Loss with the liars over loss without them. */
const LEARNING_FACTOR = 1.06

describe('simulations/tier1: statistics of tensors', function () {
  this.timeout(PATIENCE_MS)

  it('refuse what a liar sends, forward and backward, and nothing else', async () => {
    const { result, events } = await simulate({ ...falseTensors, workload: { rounds: ROUNDS } })
    expect(result.verdict.verdict, result.verdict.sentence).to.equal('valid')
    expect(result.reached).to.have.property('tensor-refused')
    const refused = of(events, 'refused').filter(({ reason }) => reason === 'statistics')
    expect(new Set(refused.map(({ from }) => from))).to.deep.equal(new Set([0, 1]))
  })

  it('cost little of what is learnt', async () => {
    const { factor } = await learningCost(drawScenario(falseTensors, 1), new AbortController().signal)
    expect(factor).to.be.below(LEARNING_FACTOR)
  })
})
