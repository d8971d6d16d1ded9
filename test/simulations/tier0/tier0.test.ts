import { expect } from 'chai'
import { drawScenario } from '../../../simulations/scenario/draw.ts'
import { SCENARIOS, scenarioOf } from '../../../simulations/scenarios/index.ts'
import { tier0 } from '../../../simulations/tier0/index.ts'
import { eventsOf, quick, runSeed } from '../support.ts'

describe('simulations/tier0', () => {
  it('decides every round of every stage where nothing goes wrong, crosses an epoch and anchors', () => {
    const told = runSeed(SCENARIOS['calm']!, 1)
    expect(told.verdict.verdict, told.verdict.sentence).to.equal('valid')
    expect(told.statistics.roundsDecided).to.equal(20)
    expect(new Set(eventsOf(told, 'certified').map(({ stage, round }) => `${stage}/${round}`)).size).to.equal(20)
    expect(told.reached['epoch-crossed']).to.be.greaterThan(0)
    expect(eventsOf(told, 'anchored').length).to.be.greaterThan(0)
    expect(eventsOf(told, 'recomputed').every(({ got, expected }) => got === expected)).to.equal(true)
  })

  it('gives the same trace for the same seed, and another for another', () => {
    const standard = (seed: number) => runSeed(scenarioOf('standard', seed)!, seed).traceHash
    expect(standard(5)).to.equal(standard(5))
    expect(standard(5)).not.to.equal(standard(6))
  })

  it('has rounds of five virtual seconds or more in a standard seed', () => {
    const told = runSeed(scenarioOf('standard', 2)!, 2)
    const rounds = scenarioOf('standard', 2)!.workload.rounds
    expect(told.statistics.virtualMs / rounds).to.be.at.least(5_000)
  })

  it('keeps all promises in standard seeds', function () {
    this.timeout(60_000)
    for (let seed = 100; seed < 112; seed++) {
      const { verdict } = runSeed(scenarioOf('standard', seed)!, seed)
      expect(verdict.verdict, `seed ${seed}: ${verdict.sentence}`).to.equal('valid')
    }
  })

  for (const drawn of Object.values(SCENARIOS).filter(({ tiers }) => tiers.includes(0))) {
    it(`keeps all promises in ${drawn.name}`, () => {
      const { verdict } = runSeed(drawn, 11)
      expect(verdict.verdict, verdict.sentence).to.equal('valid')
    })
  }

  it('stops before the event that is asked for', async () => {
    const concrete = drawScenario(quick(), 1)
    let last = ''
    await tier0.run(concrete, {
      signal: new AbortController().signal,
      until: event => event.type === 'decided',
      onEvent: event => {
        if (event.type !== 'end') last = event.type
      },
    })
    expect(last).to.equal('decided')
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    const error = await tier0.run(drawScenario(quick(), 1), { signal: stop.signal }).then(
      () => null,
      (reason: Error) => reason,
    )
    expect(error?.message).to.equal('enough')
  })
})
