import { expect } from 'chai'
import { gantt } from '../../simulations/pipeline/gantt.ts'
import { measurePipeline } from '../../simulations/pipeline/measure.ts'
import { timeShares, union } from '../../simulations/pipeline/shares.ts'
import { utilisation } from '../../simulations/pipeline/table.ts'
import { drawScenario } from '../../simulations/scenario/draw.ts'
import { tier0 } from '../../simulations/tier0/index.ts'
import { quick } from './support.ts'

const span = (fromMs: number, toMs: number) => ({ fromMs, toMs })

describe('simulations/pipeline', () => {
  it('shares of a round add up to it, and nothing counts twice', () => {
    const round = { fromMs: 0, committedMs: 100, toMs: 120 }
    const shares = timeShares(
      round,
      [span(10, 30), span(20, 40), span(60, 80)],
      [span(0, 15), span(50, 65), span(90, 95)],
    )
    expect(shares).to.deep.equal({ computeMs: 50, transferMs: 25, bubbleMs: 10, idleMs: 15, reduceMs: 20 })
    expect(Object.values(shares).reduce((sum, ms) => sum + ms)).to.equal(120)
  })

  it('what lies outside of a round counts for another', () => {
    const shares = timeShares({ fromMs: 50, committedMs: 60, toMs: 60 }, [span(0, 55), span(58, 90)], [])
    expect(shares).to.deep.equal({ computeMs: 7, transferMs: 0, bubbleMs: 3, idleMs: 0, reduceMs: 0 })
  })

  it('intervals that touch are one', () => {
    expect(union([span(5, 6), span(0, 2), span(2, 3)])).to.deep.equal([span(0, 3), span(5, 6)])
  })

  it('a run is read round by round, without its first', async () => {
    const scenario = drawScenario(quick({ workload: { rounds: 3 } }), 1)
    const reading = await measurePipeline(tier0, scenario, { signal: new AbortController().signal })
    expect(reading.result.verdict.verdict).to.equal('valid')
    expect(new Set(reading.rounds.map(({ round }) => round))).to.deep.equal(new Set([2]))
    const measuredMs = reading.rounds.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
    expect(Object.values(reading.total).reduce((sum, ms) => sum + ms)).to.be.closeTo(measuredMs, 1e-3)
    expect(utilisation(reading.total)).to.be.greaterThan(0.2).and.below(1)
    expect(gantt(reading).match(/class="bar smooth even"/g)?.length).to.be.at.least(reading.rounds.length)
  })
})
