import { expect } from 'chai'
import { availableCommits } from '../../../consensus/round/collect.ts'
import { hashHex } from '../../../protocols/wire/hash.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { Bench } from './bench.ts'
import { blockHash, makeCommit, PARENT_HEIGHT, PARTITIONS } from './fixtures.ts'

/** COMMITs of these peers, and HAVEs of everybody for all of them. */
function fill(bench: Bench, authors: readonly PeerName[], holders: readonly PeerName[] = bench.others): void {
  for (const peer of authors) bench.input({ type: 'message', signed: bench.commitOf(peer), attachments: [] })
  for (const peer of holders) bench.deliver(peer, bench.have())
}

function sealed(bench: Bench): PeerName[][] {
  return bench
    .signed('propose')
    .map(({ value }) => (value.commits === 'skip' ? [] : value.commits.map(({ author }) => author)))
}

describe('round: collecting', () => {
  it('the leader proposes at once when all commitments are available', () => {
    const bench = new Bench({ rank: 0 })
    fill(bench, bench.peers)
    expect(sealed(bench)).to.deep.equal([[...bench.peers].sort()])
  })

  it('the leader waits half as long for the others as n - f took, and seals what is available then', () => {
    const bench = new Bench({ rank: 0 })
    bench.nowMs = 1000
    fill(bench, bench.others.slice(0, 1))
    bench.nowMs = 1060
    fill(bench, bench.others)
    expect(
      bench
        .effects('timer')
        .filter(({ id }) => id === 'grace')
        .map(({ delayMs }) => delayMs),
    ).to.deep.equal([30])
    expect(sealed(bench)).to.deep.equal([])
    bench.nowMs = 1090
    bench.expire('grace')
    expect(sealed(bench)).to.deep.equal([[...bench.others].sort()])
  })

  it('the leader waits no longer than the cap', () => {
    const bench = new Bench({ rank: 0 })
    fill(bench, bench.others.slice(0, 1))
    bench.nowMs = 10_000
    fill(bench, bench.others)
    expect(
      bench
        .effects('timer')
        .filter(({ id }) => id === 'grace')
        .map(({ delayMs }) => delayMs),
    ).to.deep.equal([100])
  })

  it('the leader does not wait for a seat that has signed IDLE', () => {
    const bench = new Bench({ rank: 0 })
    bench.deliver(bench.others[2]!, { kind: 'idle', scope: bench.context.scope })
    fill(bench, [bench.self, ...bench.others.slice(0, 2)])
    expect(sealed(bench)).to.have.length(1)
  })

  it('a commitment counts only when every partition has HAVEs of f + 1 of its candidates', () => {
    const bench = new Bench({ rank: 0 })
    fill(bench, bench.peers, [])
    const [first = '', second = ''] = bench.state.candidates[0] ?? []
    for (const peer of bench.peers) bench.deliver(peer, bench.have(bench.peers, peer === first ? 0b111 : 0b110))
    expect(sealed(bench)).to.deep.equal([])
    bench.deliver(second, bench.have())
    expect(sealed(bench)).to.have.length(1)
  })

  it('a value is not voted for whose proof does not show it available, whatever is held here', () => {
    for (const holders of [0, 1]) {
      const bench = new Bench()
      fill(bench, bench.peers)
      bench.propose(0, bench.value(), -1, bench.proof(bench.others.slice(0, holders)))
      expect(bench.signed('prevote')).to.deep.equal([])
      bench.expire('propose/0')
      expect(bench.signed('prevote').map(({ value }) => value)).to.deep.equal([null])
    }
  })

  it('a value is not voted for that seals a COMMIT that was not shown', () => {
    const bench = new Bench()
    fill(bench, bench.peers)
    bench.propose(0, bench.value(), -1, bench.proof().slice(1))
    expect(bench.signed('prevote')).to.deep.equal([])
  })

  it('a value is refused with nil that has another parent, too few commitments or an older block', () => {
    const wrong = [
      (bench: Bench) => bench.value([], { parent: { value: blockHash(1), outcome: blockHash(1) } }),
      (bench: Bench) => bench.value(bench.peers.slice(2)),
      (bench: Bench) =>
        bench.value([], { reference: { height: PARENT_HEIGHT - 1, hash: blockHash(PARENT_HEIGHT - 1) } }),
      (bench: Bench) => bench.value([], { reference: { height: PARENT_HEIGHT, hash: blockHash(1) } }),
    ]
    for (const build of wrong) {
      const bench = new Bench()
      bench.propose(0, build(bench))
      expect(bench.signed('prevote').map(({ value }) => value)).to.deep.equal([null])
    }
  })

  it('a vote waits for the chain to reach the reference block, and is nil where the chain has another', () => {
    for (const isRight of [true, false]) {
      const bench = new Bench()
      const height = PARENT_HEIGHT + 5
      bench.propose(0, bench.value([], { reference: { height, hash: blockHash(height) } }))
      expect(bench.signed('prevote')).to.deep.equal([])
      expect(bench.effects('block').map(effect => effect.height)).to.deep.equal([height])
      bench.input({ type: 'block', height, hash: blockHash(isRight ? height : 1) })
      expect(bench.signed('prevote').map(({ value }) => value !== null)).to.deep.equal([isRight])
    }
  })

  it("refers to the second newest finalised block, never below the parent's", () => {
    const bench = new Bench({ rank: 0 })
    for (const height of [PARENT_HEIGHT - 3, PARENT_HEIGHT + 1, PARENT_HEIGHT + 2]) {
      bench.input({ type: 'finalized', height, hash: blockHash(height) })
    }
    fill(bench, bench.peers)
    expect(bench.signed('propose')[0]?.value.reference).to.deep.equal({
      height: PARENT_HEIGHT + 1,
      hash: blockHash(PARENT_HEIGHT + 1),
    })
  })

  it('SKIP is proposed at once with f + 1 IDLEs, and voted for with them', () => {
    const leader = new Bench({ rank: 0 })
    const [first = '', second = '', third = ''] = leader.others
    leader.deliver(first, { kind: 'idle', scope: leader.context.scope })
    expect(leader.signed('propose')).to.deep.equal([])
    leader.input({ type: 'message', signed: leader.commitOf(third), attachments: [] })
    leader.deliver(second, { kind: 'idle', scope: leader.context.scope })
    expect(leader.signed('propose').map(({ value }) => value.commits)).to.deep.equal(['skip'])
    const shown = leader.effects('sign').find(({ payload }) => payload.kind === 'propose')?.attachments ?? []
    for (const count of [1, 2]) {
      const voter = new Bench({ signer: leader.signer })
      const idles = shown.slice(0, count).map(envelope => leader.signer.open(envelope))
      voter.propose(0, voter.value([], { commits: 'skip' }), -1, idles)
      expect(voter.signed('prevote')).to.have.length(count === 2 ? 1 : 0)
    }
    const again = new Bench()
    const idle = again.signer.sign(first, { kind: 'idle', scope: again.context.scope })
    again.propose(0, again.value([], { commits: 'skip' }), -1, [idle, idle])
    expect(again.signed('prevote'), 'one seat twice').to.deep.equal([])
  })

  it('the leader seals what is available although f + 1 have signed IDLE: some of them lied', () => {
    const leader = new Bench({ rank: 0 })
    leader.deliver(leader.others[0]!, { kind: 'idle', scope: leader.context.scope })
    fill(leader, leader.others)
    leader.deliver(leader.others[1]!, { kind: 'idle', scope: leader.context.scope })
    expect(sealed(leader)).to.deep.equal([[...leader.others].sort()])
  })

  it('SKIP needs no IDLEs from view f + 1, after the time that commitments take, at most half of that for a proposal', () => {
    const bench = new Bench({ rank: 2 })
    bench.failView(0)
    bench.failView(1)
    expect(bench.signed('propose')).to.deep.equal([])
    const { scatterMs } = bench.state.waits
    const { proposeMs } = bench.context.timeouts
    const waits = bench.effects('timer').filter(({ id }) => id === 'skip/2')
    const half = (proposeMs * bench.context.viewBackoff) / 2
    expect(waits.map(({ delayMs }) => delayMs)).to.deep.equal([Math.min(2 * scatterMs, half)])
    bench.expire('skip/2')
    expect(bench.signed('propose').map(({ value }) => value.commits)).to.deep.equal(['skip'])
    for (const view of [1, 2]) {
      const voter = new Bench()
      for (let failed = 0; failed < view; failed++) voter.failView(failed)
      voter.propose(view, voter.value([], { commits: 'skip' }), -1, [])
      expect(voter.signed('prevote')).to.have.length(view === 2 ? 1 : 0)
    }
  })

  it('a leader that HAVEs did not reach learns from the author that its commitment is available, once a view has failed', () => {
    const author = new Bench()
    author.input({ type: 'own-commit', commit: author.commitOf(author.self).payload })
    const own = author.signer.sign(author.self, author.commitOf(author.self).payload)
    author.input({ type: 'message', signed: own, attachments: [] })
    for (const peer of author.others) author.deliver(peer, author.have([author.self]))
    const again = () => {
      author.clear()
      author.expire('resend')
      return author.effects('resend').find(({ signed }) => signed.payload.kind === 'commit')?.attachments ?? []
    }
    expect(again()).to.deep.equal([])
    author.failView(0)
    const shown = again().map(envelope => author.signer.open(envelope))
    expect(shown.map(({ payload }) => payload.kind)).to.deep.equal(shown.map(() => 'have'))
    expect(shown.length).to.be.within(1, author.others.length)
    const leader = new Bench({ rank: 0, signer: author.signer })
    leader.input({ type: 'message', signed: own, attachments: [] })
    expect(availableCommits(leader.state)).to.deep.equal([])
    leader.input({ type: 'message', signed: own, attachments: shown })
    leader.deliver(author.self, leader.have([author.self]))
    expect(availableCommits(leader.state).map(({ signer }) => signer)).to.deep.equal([author.self])
    expect([...leader.state.heard], 'whose words are passed on has not spoken').to.deep.equal([author.self])
  })

  it('acknowledges what it stored as a candidate, cumulatively, one root an author', () => {
    const bench = new Bench()
    const [author = ''] = bench.others
    const commit = bench.commitOf(author).payload
    const other = makeCommit(bench.context.scope, author, 1)
    const mine = bench.state.candidates.flatMap((peers, p) => (peers.includes(bench.self) ? [p] : []))
    for (let partition = 0; partition < PARTITIONS; partition++) {
      bench.input({ type: 'stored', author, root: commit.root, partition })
      bench.input({ type: 'stored', author, root: other.root, partition })
    }
    bench.expire('have')
    const [have] = bench.signed('have')
    const expected = mine.reduce((bits, p) => bits | (1 << p), 0)
    expect(have?.held.map(({ root, bitmap }) => [hashHex(root), ...bitmap])).to.deep.equal([
      [hashHex(commit.root), expected],
    ])
  })

  it('keeps the fullest HAVE of a seat when they come in another order', () => {
    const bench = new Bench()
    const [peer = ''] = bench.others
    bench.deliver(peer, bench.have())
    bench.deliver(peer, bench.have(bench.peers, 1))
    expect(bench.state.haves.get(peer)?.payload.held[0]?.bitmap[0]).to.equal(2 ** PARTITIONS - 1)
  })

  it('sends its partitions though it is itself no candidate of any', () => {
    const seat = [0, 1, 2, 3, 4, 5, 6].map(rank => new Bench({ n: 7, rank, change: { partitions: 1 } }))
    for (const bench of seat.filter(({ state, self }) => !state.candidates[0]?.includes(self))) {
      const leaf = blockHash(1)
      const commit = { ...bench.commitOf(bench.self).payload, leaves: [leaf], root: leaf }
      bench.input({ type: 'own-commit', commit })
      expect(bench.effects('scatter').map(({ to }) => to)).to.deep.equal([bench.state.candidates[0]?.slice(0, 3)])
    }
  })

  it('sends its partitions to f + 1 candidates, and to the next ones that have not acknowledged in time', () => {
    const bench = new Bench({ n: 7 })
    bench.input({ type: 'own-commit', commit: bench.commitOf(bench.self).payload })
    const reached = () =>
      bench.state.candidates.map((_, p) => {
        const sent = bench.effects('scatter').filter(({ partition }) => partition === p)
        return new Set([bench.self, ...sent.flatMap(({ to }) => to)])
      })
    bench.state.candidates.forEach((peers, p) => {
      for (const peer of peers.slice(0, 3)) expect(reached()[p]).to.include(peer)
    })
    const [acknowledging = ''] = bench.others
    bench.deliver(acknowledging, bench.have())
    bench.clear()
    bench.expire('scatter')
    bench.expire('scatter')
    bench.expire('scatter')
    for (const { to } of bench.effects('scatter')) expect(to).to.not.include(acknowledging)
    for (const [p, peers] of reached().entries()) {
      for (const peer of bench.state.candidates[p]!) if (peer !== acknowledging) expect(peers).to.include(peer)
    }
    for (const peer of bench.others) bench.deliver(peer, bench.have())
    bench.clear()
    bench.expire('scatter')
    expect(bench.effects('scatter')).to.deep.equal([])
    expect(bench.state.timers.has('scatter')).to.equal(false)
  })

  it('signs one COMMIT or IDLE in a round', () => {
    const bench = new Bench()
    bench.input({ type: 'own-commit', commit: bench.commitOf(bench.self).payload })
    bench.input({ type: 'own-idle' })
    bench.input({ type: 'own-commit', commit: makeCommit(bench.context.scope, bench.self, 1) })
    expect([...bench.signed('commit'), ...bench.signed('idle')]).to.have.length(1)
  })

  it('refuses a COMMIT of other partitions, count or root', () => {
    const bench = new Bench()
    const [peer = ''] = bench.others
    const good = bench.commitOf(peer).payload
    for (const wrong of [{ leaves: good.leaves.slice(1) }, { count: 0 }, { count: 5 }, { root: blockHash(1) }]) {
      bench.deliver(peer, { ...good, ...wrong })
    }
    expect(bench.effects('refused').map(({ reason }) => reason)).to.deep.equal(Array(4).fill('out-of-bounds'))
    expect(bench.state.commits.size).to.equal(0)
  })

  it('gives two COMMITs of a seat as evidence, once, and keeps the first', () => {
    const bench = new Bench()
    const [peer = ''] = bench.others
    const first = bench.deliver(peer, makeCommit(bench.context.scope, peer))
    bench.deliver(peer, makeCommit(bench.context.scope, peer, 1))
    bench.deliver(peer, makeCommit(bench.context.scope, peer, 2))
    expect(bench.effects('evidence').map(({ evidence }) => evidence.kind)).to.deep.equal(['double-commit'])
    expect(bench.state.commits.get(peer)).to.equal(first)
  })
})
