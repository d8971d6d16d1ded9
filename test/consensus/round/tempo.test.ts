import { expect } from 'chai'
import { NO_TEMPO, type Tempo, tempoOf } from '../../../consensus/round/index.ts'
import { observeTempo, waitsOf } from '../../../consensus/round/tempo.ts'
import { Bench } from './bench.ts'

const BASE = { proposeMs: 4_000, voteMs: 2_000, graceCapMs: 2_000, reduceMs: 5_000 }

describe('round: how long is waited', () => {
  it('waits as the manifest says before anything is measured', () => {
    expect(waitsOf(NO_TEMPO, BASE)).to.deep.equal({ scatterMs: 5_000, executeMs: 5_000 })
  })

  it('learns shorter waits, never below a quarter, never above the manifest', () => {
    let quick: Tempo = NO_TEMPO
    let slow: Tempo = NO_TEMPO
    for (let round = 0; round < 30; round++) {
      quick = observeTempo(quick, 'execute', 30, BASE)
      slow = observeTempo(slow, 'execute', 60_000, BASE)
    }
    expect(waitsOf(quick, BASE).executeMs).to.equal(1_250)
    expect(waitsOf(slow, BASE).executeMs).to.equal(5_000)
    expect(waitsOf(quick, BASE).scatterMs).to.equal(5_000)
  })

  it('measures how long half of the candidates took to acknowledge, and who was silent', () => {
    const bench = new Bench()
    bench.input({ type: 'own-commit', commit: bench.commitOf(bench.self).payload })
    for (const [index, peer] of bench.others.entries()) {
      bench.nowMs = 40 * (index + 1)
      bench.deliver(peer, bench.have())
    }
    expect(tempoOf(bench.state).scatter.smoothedMs).to.be.within(40, 80)
    expect(tempoOf(bench.state).silent).to.deep.equal([])
  })

  it('names a seat silent that a quorum was heard without', () => {
    const bench = new Bench()
    const [gone = '', ...there] = bench.others
    bench.input({ type: 'own-idle' })
    for (const peer of [bench.self, ...there]) bench.deliver(peer, { kind: 'idle', scope: bench.context.scope })
    expect(tempoOf(bench.state).silent).to.deep.equal([gone])
  })

  it('does not wait for votes when all that are awake have voted', () => {
    const bench = new Bench()
    const [gone = '', ...there] = bench.others
    for (const peer of [bench.self, ...there]) bench.deliver(peer, { kind: 'idle', scope: bench.context.scope })
    expect(bench.state.heard.has(gone)).to.equal(false)
    bench.expire('propose/0')
    const waits = () =>
      bench
        .effects('timer')
        .filter(({ id }) => id === 'prevote/0')
        .map(({ delayMs }) => delayMs)
    bench.input({ type: 'message', signed: bench.prevoteOf(there[0]!, 0, bench.value()), attachments: [] })
    expect(waits()).to.deep.equal([])
    bench.input({ type: 'message', signed: bench.prevoteOf(there[1]!, 0, null), attachments: [] })
    expect(waits()).to.deep.equal([0])
  })

  it('sends partitions to candidates that are awake first', () => {
    const seats = new Bench({ n: 7 }).peers
    const silent = seats.slice(0, 2)
    const bench = new Bench({ n: 7, rank: 3, change: { tempo: { ...NO_TEMPO, silent } } })
    bench.input({ type: 'own-commit', commit: bench.commitOf(bench.self).payload })
    const sent = bench.effects('scatter')
    expect(sent).to.have.length.greaterThan(0)
    for (const { to, partition } of sent) {
      const awake = bench.state.candidates[partition]!.filter(peer => !silent.includes(peer))
      const first = awake.length >= 3 ? awake.slice(0, 3) : null
      if (first !== null) expect(to).to.deep.equal(first.filter(peer => peer !== bench.self))
    }
  })
})
