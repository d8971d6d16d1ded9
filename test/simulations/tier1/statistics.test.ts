/** Tensors unlike those that siblings receive, with the real network stack and engine. */
import { expect } from 'chai'
import { of, simulate } from './support.ts'

const PATIENCE_MS = 240_000
const ROUNDS = 4

describe('simulations/tier1: statistics of tensors', function () {
  this.timeout(PATIENCE_MS)

  for (const [attack, liar] of [
    ['wrong-forward', 0],
    ['wrong-backward', 1],
  ] as const) {
    it(`refuse what a liar sends, ${attack}, and nothing else, while the rounds go on`, async () => {
      const { result, events } = await simulate({
        workload: { rounds: ROUNDS },
        attackers: [{ attack, who: { peers: [liar] } }],
      })
      expect(result.verdict.verdict, result.verdict.sentence).to.equal('valid')
      expect(result.statistics.roundsDecided).to.equal(ROUNDS)
      expect(result.reached).to.have.property('tensor-refused')
      const refused = of(events, 'refused').filter(({ reason }) => reason === 'statistics')
      expect(new Set(refused.map(({ from }) => from))).to.deep.equal(new Set([liar]))
    })
  }
})
