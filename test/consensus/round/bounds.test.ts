import { expect } from 'chai'
import { VIEWS_AHEAD, VIEWS_BEHIND } from '../../../consensus/round/constants.ts'
import { hashValue } from '../../../protocols/wire/hash.ts'
import type { Payload, Scope } from '../../../protocols/wire/messages.ts'
import type { RefusalReason } from '../../../protocols/wire/refusals.ts'
import { Bench } from './bench.ts'
import { blockHash, hashOf, PARENT_HEIGHT } from './fixtures.ts'

const SCOPES: readonly [Partial<Scope>, RefusalReason][] = [
  [{ version: 2 }, 'wrong-version'],
  [{ genesis: hashOf('other') }, 'wrong-genesis'],
  [{ run: 'other' }, 'wrong-run'],
  [{ stage: 0 }, 'wrong-stage'],
  [{ round: 6 }, 'stale-round'],
  [{ round: 8 }, 'future-round'],
  [{ epoch: 3 }, 'wrong-epoch'],
  [{ group: hashOf('other') }, 'wrong-group'],
]

describe('round: the door and its limits', () => {
  for (const [change, reason] of SCOPES) {
    it(`refuses another scope: ${reason}`, () => {
      const bench = new Bench()
      bench.deliver(bench.others[0]!, { kind: 'idle', scope: { ...bench.context.scope, ...change } })
      expect(bench.effects('refused').map(effect => effect.reason)).to.deep.equal([reason])
      expect(bench.state.idles.size).to.equal(0)
    })
  }

  it('does not count attachments of another scope', () => {
    const bench = new Bench()
    const value = bench.value()
    const votes = bench.others.map(peer => {
      const { payload } = bench.precommitOf(peer, 0, value)
      return bench.signer.sign(peer, { ...payload, scope: { ...payload.scope, epoch: 3 } })
    })
    bench.deliver(bench.others[0]!, { kind: 'idle', scope: bench.context.scope }, votes)
    expect(bench.state.decided).to.equal(null)
  })

  it('refuses strangers, kinds of other protocols, leaders out of turn and aggregates of no candidate', () => {
    const bench = new Bench({ n: 7 })
    const { scope } = bench.context
    bench.deliver('12D3KooWstranger', { kind: 'idle', scope })
    bench.deliver(bench.others[0]!, { kind: 'settled', scope, count: 1, root: hashOf('root') })
    bench.deliver(bench.leader(1), { kind: 'propose', scope, view: 0, validView: -1, value: bench.value() })
    const idler = bench.peers.find(peer => bench.state.candidates[0]?.includes(peer) === false)!
    bench.deliver(idler, { kind: 'aggregate', scope, value: hashOf('v'), partition: 0, hash: hashOf('h') })
    bench.deliver(idler, { kind: 'aggregate', scope, value: hashOf('v'), partition: 99, hash: hashOf('h') })
    expect(bench.effects('refused').map(({ reason }) => reason)).to.deep.equal([
      'no-seat',
      'not-allowed',
      'not-allowed',
      'not-allowed',
      'not-allowed',
    ])
  })

  it('refuses a message with more than 4n attachments', () => {
    const bench = new Bench()
    const idle: Payload = { kind: 'idle', scope: bench.context.scope }
    const attachments = Array.from({ length: 17 }, () => bench.signer.sign(bench.others[1]!, idle))
    bench.deliver(bench.others[0]!, idle, attachments)
    expect(bench.effects('refused').map(({ reason }) => reason)).to.deep.equal(['too-large'])
  })

  it('jumps to a view that f + 1 seats have reached, not one liar alone', () => {
    const bench = new Bench({ n: 7 })
    bench.input({ type: 'message', signed: bench.prevoteOf(bench.others[0]!, 1000, null), attachments: [] })
    bench.input({ type: 'message', signed: bench.prevoteOf(bench.others[1]!, 5, null), attachments: [] })
    expect(bench.state.view).to.equal(0)
    bench.input({ type: 'message', signed: bench.prevoteOf(bench.others[2]!, 3, null), attachments: [] })
    expect(bench.state.view).to.equal(3)
  })

  it('keeps votes of a window of views only, whatever is sent', () => {
    const bench = new Bench({ n: 7 })
    for (let view = 0; view < 200; view++) {
      for (const peer of bench.others.slice(0, 2)) {
        bench.input({ type: 'message', signed: bench.prevoteOf(peer, view, null), attachments: [] })
        bench.input({ type: 'message', signed: bench.precommitOf(peer, view, null), attachments: [] })
      }
    }
    expect(bench.state.prevotes.size).to.equal(VIEWS_AHEAD + 1)
    for (let view = 0; view < 60; view++) bench.failView(view)
    expect(bench.state.precommits.size).to.be.at.most(VIEWS_BEHIND + VIEWS_AHEAD + 1)
    expect(bench.state.timers.size).to.be.at.most(4)
  })

  it('keeps the aggregates of two values a candidate, the one under execution among them', () => {
    const bench = new Bench()
    const value = bench.value()
    const id = hashValue(value)
    const peer = bench.state.candidates[0]!.find(candidate => candidate !== bench.self)!
    bench.propose(0, value)
    for (const hash of [id, ...Array.from({ length: 50 }, (_, i) => hashOf(`value ${i}`))]) {
      bench.deliver(peer, {
        kind: 'aggregate',
        scope: bench.context.scope,
        value: hash,
        partition: 0,
        hash: hashOf('result'),
      })
    }
    expect(bench.state.aggregates.get(peer)?.size).to.equal(2)
    expect([...(bench.state.aggregates.get(peer)?.keys() ?? [])]).to.include(
      [...id].map(b => b.toString(16).padStart(2, '0')).join(''),
    )
  })

  it('remembers a bounded number of blocks', () => {
    const bench = new Bench()
    for (let height = PARENT_HEIGHT; height < 500; height++)
      bench.input({ type: 'finalized', height, hash: blockHash(height) })
    expect(bench.state.blocks.size).to.equal(64)
  })

  it('lets the waits grow with the view, up to a cap', () => {
    const bench = new Bench()
    const delays: number[] = []
    for (let view = 0; view < 14; view++) {
      bench.clear()
      bench.failView(view)
      delays.push(
        ...bench
          .effects('timer')
          .filter(({ id }) => id === `propose/${view + 1}`)
          .map(({ delayMs }) => delayMs),
      )
    }
    // While nobody can propose anything, not with the first f + 1 views; after as many more all wait alike.
    expect(delays.slice(0, 4)).to.deep.equal([0, 1, 2, 4].map(level => 150 * 1.25 ** level))
    expect(delays.at(-1)).to.equal(150 * 1.25 ** 8)
    expect(delays).to.have.length(14)
  })

  it('lets the wait of view 1 grow too where enough commitments are available', () => {
    const bench = new Bench()
    for (const peer of bench.peers) bench.input({ type: 'message', signed: bench.commitOf(peer), attachments: [] })
    for (const peer of bench.others) bench.deliver(peer, bench.have())
    bench.clear()
    bench.failView(0)
    const waits = bench.effects('timer').filter(({ id }) => id === 'propose/1')
    expect(waits.map(({ delayMs }) => delayMs)).to.deep.equal([150 * 1.25])
  })

  it('ignores a timer that was cancelled or is of another view', () => {
    const bench = new Bench()
    bench.propose(0, bench.value())
    bench.clear()
    for (const id of ['propose/0', 'propose/7', 'nonsense', '']) bench.expire(id)
    expect(bench.effects('sign')).to.deep.equal([])
  })

  it('says why it waits', () => {
    const bench = new Bench()
    bench.input({ type: 'message', signed: bench.commitOf(bench.others[0]!), attachments: [] })
    bench.input({ type: 'message', signed: bench.commitOf(bench.others[1]!), attachments: [] })
    expect(bench.effects('status').at(-1)).to.deep.include({
      phase: 'collect',
      waitingFor: 'stage 1 needs 1 more replica to finish its work',
    })
  })

  it('an equivocating leader is evidence, its first proposal counts', () => {
    const bench = new Bench()
    bench.propose(0, bench.value())
    bench.propose(0, bench.value([bench.peers[0]!]))
    expect(bench.effects('evidence').map(({ evidence }) => evidence.kind)).to.deep.equal(['double-propose'])
    expect(bench.signed('prevote')).to.have.length(1)
  })

  it('contradicting votes, aggregates and outcomes are evidence, once a signer and kind', () => {
    const bench = new Bench()
    const { scope } = bench.context
    const [peer = ''] = bench.others
    const partition = bench.state.candidates.findIndex(peers => peers.includes(peer))
    const value = hashOf('v')
    for (const text of ['a', 'b', 'c']) {
      const hash = hashOf(text)
      bench.deliver(peer, { kind: 'prevote', scope, view: 0, value: hash, validView: -1 })
      bench.input({
        type: 'message',
        signed: bench.signer.sign(bench.others[1]!, { kind: 'idle', scope }),
        attachments: [
          bench.signer.sign(peer, { kind: 'precommit', scope, view: 0, value: hash, validView: 0 } as const),
        ],
      })
      bench.deliver(peer, { kind: 'aggregate', scope, value, partition, hash })
      bench.deliver(peer, {
        kind: 'outcome',
        scope,
        value,
        aggregateRoot: hash,
        state: hash,
        fullRoot: null,
        heard: new Uint8Array(1),
      })
    }
    expect(
      bench
        .effects('evidence')
        .map(({ evidence }) => evidence.kind)
        .sort(),
    ).to.deep.equal(['double-aggregate', 'double-outcome', 'double-precommit', 'double-prevote'])
  })

  it('a contradiction that comes as an attachment is refused as one that comes by itself, and its carrier is not', () => {
    const bench = new Bench()
    const { scope } = bench.context
    const [liar = '', carrier = ''] = bench.others
    for (const text of ['a', 'b']) {
      const vote = { kind: 'precommit', scope, view: 0, value: hashOf(text), validView: 0 } as const
      bench.deliver(carrier, { kind: 'idle', scope }, [bench.signer.sign(liar, vote)])
    }
    expect(bench.effects('refused').map(({ reason, signer }) => [reason, signer])).to.deep.equal([
      ['contradiction', liar],
    ])
  })

  it('an attachment that a relay passes on late or once more is not refused aloud', () => {
    const bench = new Bench()
    const { scope } = bench.context
    const [signer = '', carrier = ''] = bench.others
    const late = bench.signer.sign(signer, { kind: 'idle', scope: { ...scope, round: scope.round - 1 } } as const)
    const commit = bench.commitOf(signer)
    for (let time = 0; time < 2; time++) bench.deliver(carrier, { kind: 'idle', scope }, [commit, late])
    expect(bench.effects('refused')).to.deep.equal([])
  })
})
