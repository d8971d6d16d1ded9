import { expect } from 'chai'
import { firstViewsMeter, noFirstViews, probabilityOfFew } from '../../../simulations/numbers/first-views.ts'
import { goodputMeter, goodputShare, noGoodput } from '../../../simulations/numbers/goodput.ts'
import { growth, noSteady, steadyMeter } from '../../../simulations/numbers/steady.ts'
import { drawScenario } from '../../../simulations/scenario/draw.ts'
import { absentThird } from '../../../simulations/scenarios/absent-each-round.ts'
import type { SimEvent } from '../../../simulations/trace/types.ts'
import { quick, runSeed } from '../support.ts'

const of = (round: number, stage = 0) => ({ atMs: 0, peer: 0, stage, round })
const absent = (round: number, count: number): SimEvent => ({
  ...{ type: 'absent', atMs: 0, stage: 0, round },
  peers: Array.from({ length: count }, (_, peer) => peer),
})
const healed: SimEvent = { type: 'healed', atMs: 0, fault: 0, kind: 'absent', peers: [] }
const view = (round: number, to: number): SimEvent => ({ type: 'view', ...of(round), view: to })
const decided = (round: number, at: number): SimEvent => ({
  type: 'decided',
  ...of(round),
  view: at,
  value: '',
  skip: false,
})

describe('simulations/numbers', () => {
  it('gives the binomial bound', () => {
    expect(probabilityOfFew(16, 0.1)).to.be.closeTo(0.9967, 1e-4)
    expect(probabilityOfFew(16, 0.3)).to.be.closeTo(0.6598, 1e-4)
  })

  it('counts a round as first only in views 0 to f, and only with those away that were drawn first', () => {
    const sums = noFirstViews()
    const meter = firstViewsMeter(drawScenario(absentThird, 1), sums)
    const rounds: SimEvent[][] = [
      [absent(2, 5), decided(2, 5)],
      [absent(3, 5), decided(3, 6)],
      [absent(4, 6), absent(4, 2), decided(4, 0)],
      [absent(5, 6), view(5, 1), absent(5, 2), view(5, 8), decided(5, 8)],
      // Nobody was drawn for it.
      [decided(6, 0)],
    ]
    for (const event of rounds.flat()) meter(event)
    expect(sums).to.include({ rounds: 4, few: 2, first: 1, many: 2, manyInTime: 1, skipped: 0 })
  })

  it('counts a round as late only from when no more than f are away: drawn so, or as the fault is over', () => {
    const sums = noFirstViews()
    const meter = firstViewsMeter(drawScenario(absentThird, 1), sums)
    const rounds: SimEvent[][] = [
      // By votes of those that were away at different times.
      [absent(2, 6), absent(2, 8), decided(2, 0)],
      [absent(3, 6), view(3, 2), healed, view(3, 8), decided(3, 8)],
      [absent(4, 6), view(4, 2), healed, view(4, 9), decided(4, 9)],
    ]
    const inTime = rounds.map(events => {
      for (const event of events) meter(event)
      return sums.manyInTime
    })
    expect(inTime).to.deep.equal([1, 2, 2])
    expect(sums).to.include({ many: 3 })
  })

  it('weighs time with the machines that are alive, and counts no more than the target', () => {
    const sums = noGoodput()
    const meter = goodputMeter(drawScenario(quick(), 1), sums)
    const fault = { fault: 0, kind: 'crash', peers: [0] } as const
    const certified = (atMs: number, stage: number): SimEvent => ({
      ...{ type: 'certified', atMs, peer: 0, stage, round: 1, view: 0, value: '', outcome: '', state: '' },
      ...{ parent: { value: '', outcome: '' }, skip: false, signers: [], next: 'promote' },
      sealed: [{ peer: 0, count: 12, trace: [] }],
    })
    meter({ type: 'fault', atMs: 1_000, ...fault })
    meter({ type: 'healed', atMs: 3_000, ...fault })
    meter(certified(3_500, 0))
    meter(certified(4_000, 1))
    expect(sums).to.include({ microBatches: 8, elapsedMs: 4_000, rounds: 1, faults: 1 })
    expect(sums.pipelineMs).to.equal(2_000 + 0.75 * 2_000)
    expect(sums.machinesMs).to.equal(2_000 + 0.875 * 2_000)
    expect(goodputShare(sums, { ...noGoodput(), microBatches: 8, elapsedMs: 4_000 }).machines).to.be.closeTo(
      1.067,
      1e-3,
    )
  })

  it('tells growth, and how long a stage stood still', () => {
    expect(growth([9, 3, 3, 3])).to.equal(1)
    expect(growth([9, 3, 3, 6])).to.equal(2)
    expect(growth([9, 9, 2, 4, 9, 9, 4, 5])).to.equal(1.5)
    expect([growth([9, 3, 3, 6], 5), growth([9, 3, 3, 6], 9)]).to.deep.equal([1.2, 1])
    const seen = noSteady()
    const meter = steadyMeter(seen)
    runSeedInto(meter)
    expect(seen.rounds).to.equal(6)
    expect(seen.longestMs).to.be.within(1, 60_000)
    expect([...seen.most.keys()]).to.include('journal')
  })
})

function runSeedInto(meter: (event: SimEvent) => void): void {
  for (const event of runSeed(quick(), 1).events) meter(event)
}
