import { expect } from 'chai'
import {
  type Answer,
  DEFAULT_WORK_LIMITS,
  NO_REFERENCES,
  type References,
  referencesOf,
  step,
  type WorkEffect,
  type WorkInput,
  type WorkState,
} from '../../../consensus/routing/index.ts'
import { REFERENCE_ROUNDS, SAMPLES_KEPT } from '../../../consensus/routing/references.ts'
import {
  CHANNEL_FOLDS,
  type StatisticsReport,
  type TensorStatistics,
} from '../../../protocols/wire/tensor-statistics.ts'
import { startedMachine } from './fixtures.ts'

const ROUND = 5
const SIBLINGS = ['b1', 'b2', 'b3'] as const
const ID = { round: ROUND, source: 'a0', sequence: 0 }

function sized(logRms: number): TensorStatistics {
  return { logRms, mean: 0, negativeShare: 0.5, channels: Array.from({ length: CHANNEL_FOLDS }, () => 0.1) }
}

function machine(references: References = NO_REFERENCES, round = ROUND): WorkState {
  const limits = { ...DEFAULT_WORK_LIMITS, queue: 200, held: 200 }
  return startedMachine({ round, references, limits, quota: 200, countMax: 200 })
}

function take(state: WorkState, input: WorkInput): readonly WorkEffect[] {
  return step(state, input, 0).effects
}

function answerTo(effects: readonly WorkEffect[]): Answer | undefined {
  return effects.find(effect => effect.type === 'answer')?.answer
}

function report(state: WorkState, from: string, logRms = 1, round = ROUND - 1): Answer | undefined {
  return answerTo(take(state, { type: 'report', from, report: reportOf(logRms, round) }))
}

function reportOf(logRms: number, round = ROUND - 1): StatisticsReport {
  return { round, forward: sized(logRms), backward: sized(logRms) }
}

function forward(state: WorkState, logRms: number, sequence = 0, from = 'a0'): readonly WorkEffect[] {
  const id = { round: state.context.round, source: from, sequence }
  const tensor = `in-${from}-${sequence}`
  return take(state, { type: 'forward', from, id, path: [from], tensor, statistics: sized(logRms), settledBelow: 0 })
}

function backward(state: WorkState, logRms: number, from = 'c0'): readonly WorkEffect[] {
  const header = new Uint8Array(32)
  const path = ['a0', 'b0', from]
  const statistics = sized(logRms)
  return take(state, { type: 'backward', from, id: ID, path, tensor: 'grad', statistics, header, lossMicronats: 1 })
}

/** Told by all siblings that a tensor has log RMS 1. */
function informed(): WorkState {
  const state = machine()
  for (const sibling of SIBLINGS) expect(report(state, sibling)).to.equal(undefined)
  return state
}

function informedWithForwardSent(): WorkState {
  const state = informed()
  forward(state, 1)
  const sent = take(state, { type: 'computed', key: 'a0/0', tensor: 'out', lossMicronats: 0 })
  const transfer = sent.find(effect => effect.type === 'send')?.transfer ?? 0
  take(state, { type: 'answered', transfer, outcome: { kind: 'accepted' } })
  return state
}

function shared(state: WorkState): StatisticsReport | undefined {
  const keys = [...state.computing.keys()]
  for (const key of keys) take(state, { type: 'compute-failed', key })
  for (const { key } of state.jobs.values()) take(state, { type: 'compute-failed', key })
  const effects = [...take(state, { type: 'closed', isReached: true }), ...take(state, { type: 'timer', id: 'drain' })]
  const share = effects.find(effect => effect.type === 'share')
  if (share !== undefined) expect(share.to).to.deep.equal(SIBLINGS)
  return share?.report
}

describe('routing: a tensor unlike those of siblings', () => {
  it('is refused as such, released, and told with its numbers', () => {
    const state = informed()
    const effects = forward(state, 10)
    expect(answerTo(effects)).to.deep.equal({
      kind: 'refused',
      refusal: { refused: 'statistics', detail: "forward a0/0: log-rms 10.000, siblings' 1.000 +- 2.079" },
    })
    const kinds = effects.map(({ type }) => type)
    expect(kinds.indexOf('outside')).to.be.lessThan(kinds.indexOf('release'))
    const outside = effects.find(effect => effect.type === 'outside')
    expect(outside).to.deep.include({ direction: 'forward', from: 'a0', id: ID, tensor: 'in-a0-0' })
    expect(outside?.finding).to.include({ statistic: 'log-rms', value: 10, median: 1, deviation: 0, references: 3 })
    expect(state.jobs.size).to.equal(0)
  })

  it('is taken where two siblings at most have said something, or nothing was measured', () => {
    const state = machine()
    report(state, 'b1')
    report(state, 'b2')
    expect(answerTo(forward(state, 10))?.kind).to.equal('accepted')
  })

  it('does not keep its sender from having the next one taken, nor another sender the same one', () => {
    const state = informed()
    forward(state, 10)
    expect(answerTo(forward(state, 1.2, 1))?.kind).to.equal('accepted')
    expect(answerTo(forward(state, 1))?.kind).to.equal('accepted')
    expect(state.down.has('a0')).to.equal(false)
  })

  it('is a gradient that is computed anew by a sibling of its sender at once, who is tried last from then on', () => {
    const state = informedWithForwardSent()
    const effects = backward(state, 10)
    expect(answerTo(effects)).to.have.nested.property('refusal.refused', 'statistics')
    const sent = effects.find(effect => effect.type === 'send')
    expect(sent).to.include({ direction: 'forward', tensor: 'out', to: 'c1' })
    expect(state.down.has('c0')).to.equal(true)
    expect(answerTo(backward(state, 1, 'c1'))?.kind).to.equal('accepted')
  })

  it('does not end a round: what is refused everywhere is given up within the bound of every refusal', () => {
    const state = machine()
    forward(state, 1)
    let effects = take(state, { type: 'computed', key: 'a0/0', tensor: 'out', lossMicronats: 0 })
    let sends = 0
    take(state, { type: 'pipeline-ready' })
    for (;;) {
      const transfer = effects.find(effect => effect.type === 'send')?.transfer
      if (transfer === undefined) break
      sends++
      effects = take(state, {
        type: 'answered',
        transfer,
        outcome: { kind: 'refused', refusal: { refused: 'statistics' } },
      })
      if (!effects.some(({ type }) => type === 'send' || type === 'abandon'))
        effects = take(state, { type: 'timer', id: 'job/a0/0' })
    }
    expect(sends).to.equal(1 + DEFAULT_WORK_LIMITS.retries)
    expect(effects.some(effect => effect.type === 'abandon' && effect.to === 'a0')).to.equal(true)
    expect(state.down.size, 'nobody is in trouble for what it refused').to.equal(0)
  })
})

describe('routing: what siblings say that they receive', () => {
  it('counts of siblings only', () => {
    const state = machine()
    for (const stranger of ['a0', 'c0', 'b0', 'x']) {
      expect(report(state, stranger, 1, ROUND)).to.have.nested.property('refusal.refused', 'no-seat')
      expect(report(state, stranger, 1, ROUND + 1)).to.have.nested.property('refusal.refused', 'wrong-epoch')
    }
    expect(referencesOf(state).size).to.equal(0)
  })

  it('counts for two rounds, and not of rounds to come', () => {
    const state = machine()
    expect(report(state, 'b1', 1, ROUND + 2)).to.have.nested.property('refusal.refused', 'future-round')
    expect(report(state, 'b1', 1, ROUND - REFERENCE_ROUNDS - 1)).to.have.nested.property(
      'refusal.refused',
      'stale-round',
    )
    const known = new Map(SIBLINGS.map(sibling => [sibling as string, reportOf(1)]))
    const last = machine(known, ROUND - 1 + REFERENCE_ROUNDS)
    expect(answerTo(forward(last, 10))?.kind).to.equal('refused')
    expect(answerTo(forward(machine(known, ROUND + REFERENCE_ROUNDS), 10))?.kind).to.equal('accepted')
  })

  it('is the newest, one of each: who says much counts once', () => {
    const state = machine()
    for (let said = 0; said < 1_000; said++) report(state, 'b1', 10, ROUND)
    report(state, 'b1', 3, ROUND - 1)
    expect(referencesOf(state).size).to.equal(1)
    expect(referencesOf(state).get('b1')?.forward?.logRms).to.equal(10)
    report(state, 'b2')
    report(state, 'b3')
    expect(answerTo(forward(state, 10))?.kind).to.equal('refused')
  })

  it('is forgotten of who is no sibling any more, and of rounds that are done anew', () => {
    const known = new Map([
      ['b1', reportOf(1)],
      ['old', reportOf(1)],
      ['b2', reportOf(1, ROUND + 2)],
    ])
    expect([...referencesOf(machine(known)).keys()]).to.deep.equal(['b1'])
  })
})

describe('routing: what a replica tells its siblings', () => {
  it('is the median of senders’ medians of what it took, so that who sends much counts once', () => {
    const state = machine()
    for (let sequence = 0; sequence < 20; sequence++) forward(state, 9, sequence, 'a0')
    forward(state, 1, 0, 'a1')
    forward(state, 2, 0, 'a2')
    const said = shared(state)
    expect(said?.forward?.logRms).to.equal(2)
    expect(said).to.include({ round: ROUND, backward: null })
  })

  it('has nothing of what it refused', () => {
    const state = informed()
    forward(state, 10)
    forward(state, 1.5, 1)
    expect(shared(state)?.forward?.logRms).to.equal(1.5)
  })

  it('is nothing where it took nothing', () => {
    expect(shared(informed())).to.equal(undefined)
  })

  it('remembers a bounded number of tensors of a sender', () => {
    const state = machine()
    for (let sequence = 0; sequence < SAMPLES_KEPT + 50; sequence++) {
      expect(answerTo(forward(state, 1, sequence))?.kind).to.equal('accepted')
    }
    expect(state.samples.forward.get('a0')?.length).to.equal(SAMPLES_KEPT)
  })
})
