import { expect } from 'chai'
import { makeGroup } from '../../../consensus/election/index.ts'
import type { RoundContext } from '../../../consensus/round/types.ts'
import { EventBus } from '../../../node/events/bus.ts'
import type { NodeEvent } from '../../../node/events/types.ts'
import { Reporter } from '../../../node/peer/reporter.ts'
import type { VerifiedCertificate } from '../../../protocols/wire/certificate.ts'
import { hashHex, hashValue } from '../../../protocols/wire/hash.ts'
import type { Evidence } from '../../../protocols/wire/messages.ts'
import { VirtualClock } from '../../protocols/discovery/virtual-clock.ts'
import { hashOf, outcomeOf, roundValue, SCOPE } from '../../protocols/wire/samples.ts'
import { commit, peer } from './messages.ts'

const SEATS = [0, 1, 2, 3].map(index => ({ peer: peer(index), stake: 1n }))

function open(stage = 1): { reporter: Reporter; clock: VirtualClock; events: NodeEvent[]; evidence: Evidence[] } {
  const clock = new VirtualClock()
  const events: NodeEvent[] = []
  const evidence: Evidence[] = []
  const bus = new EventBus(() => clock.nowMs())
  bus.subscribe(event => events.push(event))
  const log = { append: (one: Evidence) => void evidence.push(one) }
  return { reporter: new Reporter({ bus, clock, stage, stages: 2, evidence: log }), clock, events, evidence }
}

const of = <Name extends NodeEvent['event']>(events: readonly NodeEvent[], name: Name) =>
  events.filter((event): event is Extract<NodeEvent, { event: Name }> => event.event === name)

function contextOf(round: number): RoundContext {
  const scope = { ...SCOPE, round }
  const group = makeGroup({ genesis: scope.genesis, run: scope.run, epoch: scope.epoch, stage: 1 }, SEATS)
  return {
    scope,
    group,
    beacon: hashOf('beacon'),
    stakeCap: 10n,
    membership: null,
  } as Partial<RoundContext> as RoundContext
}

function certificateOf(round: number, authors: readonly number[]): VerifiedCertificate {
  const value = { ...roundValue(authors.map(peer)), scope: { ...SCOPE, round } }
  const outcome = outcomeOf(value)
  return {
    value,
    valueId: hashValue(value),
    outcome,
    outcomeHash: hashOf('outcome'),
    signers: [],
    outcomes: [],
    commits: authors.map(author => commit(author, round)),
  }
}

describe('reporter: waiting', () => {
  it('is no news until it has lasted; its end is told', async () => {
    const { reporter, clock, events } = open()
    reporter.waiting('stage 1 needs 1 more replica')
    await clock.advance(2_999)
    expect(events).to.deep.equal([])
    await clock.advance(1)
    reporter.waiting('')
    expect(of(events, 'waiting').map(event => event.for)).to.deep.equal(['stage 1 needs 1 more replica', ''])
  })

  it('that ends in time, or changes its reason, is not told', async () => {
    const { reporter, clock, events } = open()
    for (const reason of ['a', 'b', 'c', '']) {
      reporter.waiting(reason)
      await clock.advance(2_000)
    }
    await clock.advance(10_000)
    expect(events).to.deep.equal([])
    expect(clock.timers).to.equal(0)
  })

  it('within what rounds take here is no news, and a round that was held up sets no pace', async () => {
    const { reporter, clock, events } = open()
    const round = async (number: number, ms: number): Promise<void> => {
      reporter.roundStarted(contextOf(number))
      await clock.advance(ms)
      reporter.certified(contextOf(number), certificateOf(number, [0]), 'promote')
    }
    await round(1, 5_000)
    reporter.waiting('a')
    await clock.advance(9_999)
    expect(of(events, 'waiting')).to.deep.equal([])
    await clock.advance(1)
    expect(of(events, 'waiting')).to.have.length(1)
    reporter.waiting('')
    await round(2, 3_600_000)
    reporter.waiting('b')
    await clock.advance(30_000)
    expect(of(events, 'waiting').at(-1)?.for).to.equal('b')
  })
})

describe('reporter: refusals and evidence', () => {
  it('tells once a round what no honest peer causes, and nothing that an honest one does', () => {
    const { reporter, events } = open()
    for (const reason of ['stale-round', 'duplicate', 'overloaded', 'timed-out'] as const)
      reporter.refused(reason, peer(0))
    expect(events).to.deep.equal([])
    for (const index of [0, 0, 1]) reporter.refused('bad-signature', peer(index))
    expect(of(events, 'refused').map(event => event.peer)).to.deep.equal([peer(0), peer(1)])
    reporter.roundStarted(contextOf(2))
    reporter.refused('bad-signature', peer(0))
    expect(of(events, 'refused')).to.have.length(3)
  })

  it('tells a bounded number of refusals a round', () => {
    const { reporter, events } = open()
    for (let index = 0; index < 200; index++) reporter.refused('bad-signature', `peer ${index}`)
    expect(of(events, 'refused')).to.have.length(64)
  })

  it('writes evidence down and tells it', () => {
    const { reporter, events, evidence } = open()
    const found: Evidence = {
      kind: 'double-commit',
      accused: peer(2),
      envelopes: [Uint8Array.of(1), Uint8Array.of(2)],
    }
    reporter.forRound().evidence(found)
    expect(evidence).to.deep.equal([found])
    expect(of(events, 'evidence')[0]).to.include({ kind: 'double-commit', peer: peer(2) })
  })
})

describe('reporter: certified rounds', () => {
  it('are told with their view, its leader, state, commits and tokens', () => {
    const { reporter, events } = open()
    reporter.roundStarted(contextOf(17))
    reporter.forRound().status(2, 'propose', 'the proposal')
    reporter.certified(contextOf(17), certificateOf(17, [0, 1, 2]), 'promote')
    const [event] = of(events, 'round.certified')
    expect(event).to.include({
      stage: 1,
      round: 17,
      view: 2,
      state: hashHex(hashOf('state')),
      commits: 3,
      tokens: 12_288,
    })
    expect(SEATS.map(seat => seat.peer)).to.include(event?.leader)
    expect(of(events, 'round.view').map(({ round, view }) => [round, view])).to.deep.equal([[17, 2]])
    reporter.roundStarted(contextOf(18))
    const skip = certificateOf(18, [])
    reporter.certified(contextOf(18), { ...skip, value: { ...skip.value, commits: 'skip' } }, 'keep')
    expect(of(events, 'round.certified')[1]).to.include({ view: 0, commits: 0, tokens: 0, next: 'keep' })
  })

  it('say what was sealed, on what it builds, and who signed', () => {
    const { reporter, events } = open()
    const certificate = { ...certificateOf(17, [0, 1, 2]), signers: [peer(0), peer(1), peer(3)] }
    reporter.certified(contextOf(17), certificate, 'promote')
    const [event] = of(events, 'round.certified')
    expect(event).to.deep.include({
      value: hashHex(certificate.valueId),
      outcome: hashHex(certificate.outcomeHash),
      signers: [peer(0), peer(1), peer(3)],
      next: 'promote',
    })
    expect(event?.sealed.map(one => [one.peer, one.count, one.trace.length])).to.deep.equal(
      certificate.commits.map(({ signer, payload }) => [signer, payload.count, payload.trace.length]),
    )
  })

  it('tell of each sender how many gradients were clipped', () => {
    const { reporter, events } = open()
    reporter.clipped(17, [{ peer: peer(2), clipped: 1, received: 3, leastFactor: 0.5 }])
    expect(of(events, 'clipped')[0]).to.include({ stage: 1, round: 17, peer: peer(2), clipped: 1, leastFactor: 0.5 })
  })
})

describe('reporter: tensors unlike those of siblings', () => {
  const finding = { statistic: 'log-rms', value: 5, median: 1, deviation: 0.1, allowed: 2, references: 3 } as const
  const outside = (from: number, direction: 'forward' | 'backward', sequence: number) => ({
    direction,
    from: peer(from),
    id: { round: 17, source: peer(9), sequence },
    finding,
    header: hashOf('header'),
  })

  it('are told once a round, sender and direction, with what an audit would begin with', () => {
    const { reporter, events } = open()
    reporter.roundStarted(contextOf(17))
    const reports = reporter.forRound()
    for (let sequence = 0; sequence < 100; sequence++) reports.outside(outside(2, 'forward', sequence))
    reports.outside(outside(2, 'backward', 0))
    reports.outside(outside(3, 'forward', 0))
    expect(of(events, 'outside').map(event => [event.peer, event.direction])).to.deep.equal([
      [peer(2), 'forward'],
      [peer(2), 'backward'],
      [peer(3), 'forward'],
    ])
    expect(of(events, 'outside')[0]).to.deep.include({
      stage: 1,
      round: 17,
      source: peer(9),
      sequence: 0,
      header: hashHex(hashOf('header')),
      ...finding,
    })
    reporter.roundStarted(contextOf(18))
    reports.outside(outside(2, 'forward', 0))
    expect(of(events, 'outside').length).to.equal(4)
  })
})

describe('reporter: loss', () => {
  /** 2 micro-batches each, together 4.321 nats. */
  const TRAIN = 4.321 / 2

  it('is the mean over the micro-batches that the head sealed, with the tokens a second since the round before', async () => {
    const { reporter, clock, events } = open()
    reporter.loss(certificateOf(1, [0, 1]))
    await clock.advance(2_000)
    reporter.loss(certificateOf(2, [0, 1]))
    const [first, second] = of(events, 'loss')
    expect(first?.train).to.be.closeTo(TRAIN, 1e-12)
    expect([first?.tokensPerSecond, second?.tokensPerSecond]).to.deep.equal([0, 4096])
  })

  it('is not told of other stages, nor of a round without work', () => {
    const { reporter, events } = open()
    const other = certificateOf(1, [0])
    reporter.loss({ ...other, value: { ...other.value, scope: { ...other.value.scope, stage: 0 } } })
    reporter.loss(certificateOf(1, []))
    expect(events).to.deep.equal([])
  })

  it('is told again with the held-out loss, whichever is known first', () => {
    const { reporter, events } = open()
    reporter.heldOut(2, 4.5)
    for (const round of [1, 2]) reporter.loss(certificateOf(round, [0]))
    reporter.heldOut(1, 4.9)
    const told = of(events, 'loss').map(({ round, heldOut }) => [round, heldOut])
    expect(told).to.deep.equal([
      [1, null],
      [2, 4.5],
      [1, 4.9],
    ])
  })

  it('that never comes does not keep measurements for ever', () => {
    const { reporter, events } = open()
    for (let round = 1; round <= 100; round++) reporter.heldOut(round, 1)
    for (let round = 1; round <= 100; round++) reporter.loss(certificateOf(round, [0]))
    expect(of(events, 'loss').filter(event => event.heldOut !== null)).to.have.length(64)
  })
})
