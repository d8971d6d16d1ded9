import { expect } from 'chai'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { Bench } from './bench.ts'
import { makeContext, peerNames, Signer } from './fixtures.ts'
import { Members } from './members.ts'

const peers = peerNames(4)

/** A machine whose stage has decided that this seat, of the order of leaders, pauses. @param since - in which epoch */
function benchOf(rank: number, paused: number | null, since?: number): Bench {
  const signer = new Signer()
  const base = makeContext(null, peers, 1)
  const away = paused === null ? [] : [new Bench({}).leader(paused)]
  const pauses = new Map(away.map((peer): [PeerName, number] => [peer, since ?? base.scope.epoch]))
  const { parent, membership } = new Members(signer, base).context({ paused: pauses })
  return new Bench({ rank, signer, change: { parent, membership } })
}

/** COMMITs and HAVEs of these peers. */
function fill(bench: Bench, of: readonly PeerName[]): void {
  for (const peer of of) bench.input({ type: 'message', signed: bench.commitOf(peer), attachments: [] })
  for (const peer of of) bench.deliver(peer, bench.have(of))
}

describe('round: a seat that pauses', () => {
  const [first, second, third, fourth] = new Bench({}).state.proposers as [PeerName, PeerName, PeerName, PeerName]

  it('leads no view: the next in rank leads at once', () => {
    expect(benchOf(1, null).state.proposers).to.deep.equal([first, second, third, fourth])
    expect(benchOf(1, 0).state.proposers).to.deep.equal([second, third, fourth])
    const epoch = makeContext(null, peers, 1).scope.epoch
    expect(benchOf(1, 0, epoch - 1).state.proposers, 'decided an epoch ago').to.deep.equal([second, third, fourth])
    expect(benchOf(1, 0, epoch - 2).state.proposers, 'over').to.deep.equal([first, second, third, fourth])
  })

  it('is not waited for by the leader', () => {
    const present = [second, third, fourth]
    const waiting = benchOf(0, null)
    fill(waiting, [first, third, fourth])
    const bench = benchOf(1, 0)
    for (const one of [waiting, bench]) one.nowMs = 10
    fill(bench, present.slice(0, 2))
    bench.nowMs = 60
    fill(bench, present)
    expect(bench.effects('timer').filter(({ id }) => id === 'grace')).to.deep.equal([])
    expect(bench.signed('propose')).to.have.length(1)
  })

  it('is waited for again once it has spoken in the round', () => {
    const bench = benchOf(1, 0)
    bench.deliver(first, bench.have([]))
    fill(bench, [second, third])
    bench.nowMs = 60
    fill(bench, [second, third, fourth])
    expect(bench.signed('propose')).to.deep.equal([])
    bench.input({ type: 'message', signed: bench.commitOf(first), attachments: [] })
    for (const peer of peers) bench.deliver(peer, bench.have())
    expect(bench.signed('propose').map(({ value }) => value.commits.length)).to.deep.equal([4])
  })

  it('is sent partitions, and expected to combine them, after all others', () => {
    const scattered = (bench: Bench): PeerName[] => {
      bench.input({ type: 'own-commit', commit: bench.commitOf(bench.self).payload })
      return bench.effects('scatter').flatMap(({ to }) => to)
    }
    expect(scattered(benchOf(1, null))).to.include(first)
    expect(scattered(benchOf(1, 0))).not.to.include(first)

    const asked = (bench: Bench): number => {
      bench.propose(0, bench.value([first]))
      return bench.effects('aggregate').length
    }
    const partitions = new Bench({}).state.candidates
    for (const [rank, self] of [second, third, fourth].entries()) {
      const due = (without: readonly PeerName[]): number =>
        partitions.filter(candidates => {
          const order = candidates.filter(peer => !without.includes(peer))
          return order.slice(0, 2).includes(self)
        }).length
      expect(asked(benchOf(rank + 1, 0)), 'paused').to.equal(due([first]))
      expect(asked(benchOf(rank + 1, null)), 'not paused').to.equal(due([]))
    }
  })
})
