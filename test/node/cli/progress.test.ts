import { expect } from 'chai'
import fc from 'fast-check'
import { Progress } from '../../../node/cli/projections/progress.ts'
import type { NodeEvent } from '../../../node/events/types.ts'
import { certified, event, loss, PEER, wholeRound } from './events.ts'

function begin(targetRounds: number | null = 10): Progress {
  return new Progress({ targetRounds, stages: 2, peers: 8 })
}

function rounds(progress: Progress, events: readonly NodeEvent[]): number[] {
  return events.flatMap(one => progress.apply(one)).map(line => line.round)
}

describe('progress', () => {
  it('tells a round once, when its loss and a certificate of every stage are known, in whatever order they come', () => {
    const one = wholeRound(1, 0)
    const orders = fc.shuffledSubarray(one, { minLength: one.length })
    fc.assert(
      fc.property(orders, fc.array(fc.nat(one.length - 1), { maxLength: 4 }), (order, repeats) => {
        const progress = begin()
        expect(rounds(progress, order)).to.deep.equal([1])
        // Other peers report the same again.
        expect(
          rounds(
            progress,
            repeats.flatMap(index => order[index] ?? []),
          ),
        ).to.deep.equal([])
      }),
    )
  })

  it('tells every round in order, even where a stage is late by several', () => {
    const progress = begin()
    const early = [1, 2, 3].flatMap(round => [loss(round, round, 5), certified(1, round, round)])
    expect(rounds(progress, early)).to.deep.equal([])
    expect(rounds(progress, [certified(0, 1, 4)])).to.deep.equal([1])
    expect(rounds(progress, [certified(0, 3, 5)])).to.deep.equal([2, 3])
  })

  it('does not take the anchors of stages that it hears no rounds of for rounds', () => {
    const progress = new Progress({ targetRounds: null, stages: 1, peers: 1 })
    progress.apply(event('round.anchored', 0, { stage: 1, from: 1, to: 8, block: 12, link: 'aa' }))
    expect(rounds(progress, [loss(3, 1, 5), certified(0, 3, 2)])).to.deep.equal([3])
    expect(progress.stages.get(1)).to.include({ anchoredRound: 8, anchorBlock: 12, round: -1 })
  })

  it('takes back what was anchored of rounds that a re-formed stage has left', () => {
    const progress = begin()
    progress.apply(event('round.anchored', 0, { stage: 1, from: 9, to: 12, block: 12, link: 'aa' }))
    progress.apply(event('stage.recovered', 0, { stage: 1, base: 10, by: 'claims', resume: 14, seats: [] }))
    expect(progress.stages.get(1)).to.include({ anchoredRound: 10 })
  })

  it('shows the newest measurement on every line since the round that it is of', () => {
    const progress = begin()
    for (const one of [loss(1, 0, 5), loss(2, 1, 4.9), loss(3, 2, 4.8)]) progress.apply(one)
    progress.apply(loss(2, 3, 4.9, 4.7))
    progress.apply(loss(4, 4, 4.6))
    expect(progress.losses.map(line => line.heldOut)).to.deep.equal([null, 4.7, 4.7, 4.7])
    expect(progress.losses.map(line => line.train)).to.deep.equal([5, 4.9, 4.8, 4.6])
  })

  it('counts the rounds of this start only', () => {
    const progress = begin()
    progress.continueAfter(20)
    // A stage that stopped one round earlier than the other certifies that round first.
    progress.apply(certified(1, 20, 0))
    progress.apply(certified(0, 21, 1))
    expect(progress.done()).to.equal(0)
    progress.apply(certified(1, 21, 2))
    expect(progress.done()).to.equal(1)
    expect(progress.isDone()).to.equal(false)
    for (const stage of [0, 1]) progress.apply(certified(stage, 30, 3))
    expect(progress.isDone()).to.equal(true)
  })

  it('sums the tokens that the last stage sealed, each round once', () => {
    const progress = begin()
    for (const tokens of [8192, 7168]) {
      const round = tokens === 8192 ? 1 : 2
      for (const stage of [0, 1, 1, 0]) progress.apply(certified(stage, round, 0, stage === 1 ? tokens : 1))
    }
    expect(progress.tokens()).to.equal(8192 + 7168)
    expect(begin().tokens()).to.equal(0)
  })

  it('measures the training from the start of the first round to the newest certificate', () => {
    const progress = begin()
    progress.apply(event('round.started', 10_000, { stage: 0, round: 1, epoch: 0 }))
    progress.apply(event('round.started', 11_000, { stage: 1, round: 1, epoch: 0 }))
    expect(progress.trainingSeconds()).to.equal(0)
    for (const one of wholeRound(1, 14_000)) progress.apply(one)
    expect(progress.trainingSeconds()).to.be.closeTo(4, 0.02)
  })

  it('estimates the time left from the pace so far, once there is one, and never below zero', () => {
    const progress = begin(4)
    progress.apply(event('round.started', 0, { stage: 0, round: 1, epoch: 0 }))
    for (const one of wholeRound(1, 990)) progress.apply(one)
    expect(progress.remainingMs(1000)).to.equal(null)
    for (const one of wholeRound(2, 1990)) progress.apply(one)
    expect(progress.remainingMs(2000)).to.equal(2000)
    for (const round of [3, 4, 5]) for (const one of wholeRound(round, round * 1000)) progress.apply(one)
    expect(progress.remainingMs(5000)).to.equal(0)
  })

  it('knows what it waits for until the stage goes on', () => {
    const progress = begin()
    progress.apply(event('waiting', 0, { stage: 1, for: 'stage 1 needs 1 more replica' }))
    expect(progress.stages.get(1)?.waitingFor).to.equal('stage 1 needs 1 more replica')
    progress.apply(certified(1, 1, 1))
    expect(progress.stages.get(1)?.waitingFor).to.equal('')
  })

  it('counts ready peers, contradictions and refusals', () => {
    const progress = begin()
    for (const pid of [1, 2]) progress.apply(event('peer.ready', 0, { peer: PEER, stage: 0, pid, addresses: [] }))
    expect([...progress.readyPeers]).to.deep.equal([PEER])
    progress.apply(event('peer.stopped', 1, { peer: PEER, stage: 0, reason: '', exitCode: 0 }))
    expect(progress.readyPeers.size).to.equal(0)
    progress.apply(event('evidence', 2, { kind: 'double-commit', peer: PEER }))
    progress.apply(event('refused', 3, { reason: 'bad-signature', peer: PEER }))
    expect([progress.evidence, progress.refused]).to.deep.equal([1, 1])
  })
})
