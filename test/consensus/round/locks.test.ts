import { expect } from 'chai'
import type { RestoredRound } from '../../../consensus/round/types.ts'
import { contradiction } from '../../../protocols/wire/evidence.ts'
import { hashHex, hashValue } from '../../../protocols/wire/hash.ts'
import type { Signed, Value } from '../../../protocols/wire/messages.ts'
import { Bench } from './bench.ts'

function idOf(value: Value | null): string {
  return value === null ? 'nil' : hashHex(hashValue(value))
}

/** What the bench prevoted in each view, as hex or 'nil'. */
function prevoted(bench: Bench): string[] {
  return bench.signed('prevote').map(({ value }) => (value === null ? 'nil' : hashHex(value)))
}

function precommitted(bench: Bench): string[] {
  return bench.signed('precommit').map(({ value }) => (value === null ? 'nil' : hashHex(value)))
}

/** A bench that is locked on `a` since view 0, in view 1, and another value. */
function locked(): { bench: Bench; a: Value; b: Value; polka: Signed[] } {
  const bench = new Bench()
  const a = bench.value()
  const b = bench.value([bench.peers[0]!])
  const proposal = bench.propose(0, a)
  const votes = bench.prevotes(3, 0, a)
  expect(precommitted(bench)).to.deep.equal([idOf(a)])
  bench.failView(0)
  return { bench, a, b, polka: [proposal, ...votes] }
}

describe('round: votes and locks', () => {
  it('prevotes a valid fresh value', () => {
    const bench = new Bench()
    bench.propose(0, bench.value())
    expect(prevoted(bench)).to.deep.equal([idOf(bench.value())])
  })

  it('locks on Q equal prevotes, its own among them, and not on fewer', () => {
    const bench = new Bench()
    const value = bench.value()
    bench.propose(0, value)
    bench.prevotes(1, 0, value)
    expect(precommitted(bench)).to.deep.equal([])
    bench.prevotes(2, 0, value)
    expect(precommitted(bench)).to.deep.equal([idOf(value)])
    expect(bench.effects('persist')[0]?.record.lock?.view).to.equal(0)
  })

  it('does not lock on Q prevotes for a value that differ in validView', () => {
    const bench = new Bench()
    const value = bench.value()
    bench.propose(0, value)
    bench.failView(0)
    bench.propose(1, value)
    bench.prevotes(1, 1, value, -1)
    for (const peer of bench.others.slice(1)) {
      bench.input({ type: 'message', signed: bench.prevoteOf(peer, 1, value, 0), attachments: [] })
    }
    expect(precommitted(bench)).to.deep.equal([])
    bench.expire('prevote/1')
    expect(precommitted(bench)).to.deep.equal(['nil'])
  })

  it('decides on Q precommits, not on fewer, of any view', () => {
    const bench = new Bench()
    const value = bench.value()
    const proposal = bench.propose(0, value)
    const polka = [proposal, ...bench.others.map(peer => bench.prevoteOf(peer, 0, value))]
    bench.failView(0)
    for (const [i, peer] of bench.others.entries()) {
      const own = bench.precommitOf(peer, 1, value)
      expect(bench.state.decided === null).to.equal(true)
      const votes = bench.others.map(other => bench.prevoteOf(other, 1, value, 0))
      bench.input({ type: 'message', signed: own, attachments: [proposal, ...votes] })
      expect(bench.state.decided !== null).to.equal(i >= 2)
    }
    expect(polka).to.have.length(4)
  })

  it('prevotes nil for a fresh value while locked on another', () => {
    const { bench, b } = locked()
    bench.propose(1, b)
    expect(prevoted(bench).at(-1)).to.equal('nil')
  })

  it('prevotes the value that it is locked on', () => {
    const { bench, a } = locked()
    bench.propose(1, a)
    expect(prevoted(bench).at(-1)).to.equal(idOf(a))
  })

  it('follows a polka as new as its lock to another value, and no older one', () => {
    const { bench, b } = locked()
    bench.failView(1)
    const polka = bench.others.map(peer => bench.prevoteOf(peer, 1, b))
    bench.propose(2, b, 1, polka)
    expect(prevoted(bench).at(-1)).to.equal(idOf(b))
  })

  it('waits for the polka that a proposal names, then prevotes nil', () => {
    const { bench, b } = locked()
    bench.failView(1)
    bench.clear()
    bench.propose(2, b, 1, [])
    expect(prevoted(bench)).to.deep.equal([])
    bench.expire('propose/2')
    expect(prevoted(bench)).to.deep.equal(['nil'])
  })

  it('never signs what AMNESIA convicts, though the paper allows it: locked on a, then b, then a fresh b', () => {
    const { bench, b } = locked()
    bench.failView(1)
    const polka = bench.others.map(peer => bench.prevoteOf(peer, 1, b))
    bench.propose(2, b, 1, polka)
    bench.prevotes(3, 2, b, 1)
    expect(precommitted(bench).at(-1)).to.equal(idOf(b))
    bench.failView(2)
    bench.failView(3)
    bench.propose(4, b)
    expect(prevoted(bench).at(-1)).to.equal('nil')
    const votes = [...bench.signed('precommit'), ...bench.signed('prevote')]
    const signed = votes.map(payload => bench.signer.sign(bench.self, payload))
    for (const first of signed) for (const second of signed) expect(contradiction(first, second)).to.equal(null)
  })

  it('re-proposes the highest value that it knows a polka of, with the polka and its COMMITs', () => {
    const bench = new Bench({ rank: 1 })
    const value = bench.value()
    bench.propose(0, value)
    bench.prevotes(3, 0, value)
    bench.failView(0)
    const [again] = bench.signed('propose')
    expect(again?.validView).to.equal(0)
    expect(idOf(again?.value ?? null)).to.equal(idOf(value))
    const shown = bench.effects('sign').find(({ payload }) => payload.kind === 'propose')?.attachments ?? []
    expect(shown.map(envelope => bench.signer.open(envelope).payload.kind)).to.include.members(['prevote', 'commit'])
  })

  it('learns a hidden lock from one PRECOMMIT that shows its polka, and proposes that value', () => {
    const bench = new Bench({ rank: 1 })
    const value = bench.value()
    const proposal = bench.signer.sign(bench.leader(0), {
      kind: 'propose',
      scope: bench.context.scope,
      view: 0,
      validView: -1,
      value,
    } as const)
    const votes = bench.others.map(peer => bench.prevoteOf(peer, 0, value))
    bench.expire('propose/0')
    bench.input({
      type: 'message',
      signed: bench.precommitOf(bench.others[0]!, 0, value),
      attachments: [proposal, ...votes],
    })
    for (const peer of bench.others.slice(1))
      bench.input({ type: 'message', signed: bench.precommitOf(peer, 0, null), attachments: [] })
    bench.expire('precommit/0')
    expect(bench.signed('propose').map(({ validView }) => validView)).to.deep.equal([0])
  })

  // Shrunk by hand from a simulation of tier 1: a peer that started on an old copy of its disk ended itself here.
  it('proposes nothing in a view whose polka it is shown: it has proposed there, and lost its disk since', () => {
    const bench = new Bench({ rank: 0 })
    const value = bench.value([bench.self])
    const proposal = bench.signer.sign(bench.self, {
      kind: 'propose',
      scope: bench.context.scope,
      view: 0,
      validView: -1,
      value,
    } as const)
    const votes = bench.others.map(peer => bench.prevoteOf(peer, 0, value))
    bench.input({
      type: 'message',
      signed: bench.precommitOf(bench.others[0]!, 0, value),
      attachments: [proposal, ...bench.proof(), ...votes],
    })
    expect(bench.state.valid?.view).to.equal(0)
    expect(bench.signed('propose')).to.deep.equal([])
  })

  it('refuses a PRECOMMIT that does not show the polka it names, or too small a one', () => {
    const bench = new Bench()
    const value = bench.value()
    const peer = bench.others[0]!
    const two = bench.others.slice(0, 2).map(other => bench.prevoteOf(other, 0, value))
    bench.input({ type: 'message', signed: bench.precommitOf(peer, 0, value), attachments: [] })
    bench.input({ type: 'message', signed: bench.precommitOf(peer, 0, value), attachments: [...two, ...two] })
    expect(bench.effects('refused').map(({ reason }) => reason)).to.deep.equal(['out-of-bounds', 'out-of-bounds'])
    expect(bench.state.precommits.size).to.equal(0)
  })

  it('shows its polka beside every PRECOMMIT, nil too', () => {
    const { bench } = locked()
    bench.clear()
    bench.expire('propose/1')
    bench.prevotes(3, 1, null)
    const sent = bench.effects('sign').find(({ payload }) => payload.kind === 'precommit')
    expect(sent?.payload).to.deep.include({ value: null, validView: 0 })
    expect(sent?.attachments.map(envelope => bench.signer.open(envelope).payload.kind)).to.deep.equal([
      'propose',
      'prevote',
      'prevote',
      'prevote',
    ])
  })

  it('restarts with its lock, in its view, and signs nothing again', () => {
    const { bench, b } = locked()
    const messages = [...bench.effects('sign')].map(({ payload }) => bench.signer.sign(bench.self, payload))
    const record = bench.effects('persist').at(-1)!.record
    const restored: RestoredRound = { messages, ...record }
    const again = new Bench({ restored, signer: bench.signer })
    expect(again.state.view).to.equal(0)
    expect(again.state.step).to.equal('precommit')
    expect(again.effects('sign')).to.deep.equal([])
    again.failView(0)
    again.propose(1, b)
    expect(prevoted(again)).to.deep.equal(['nil'])
  })

  it('gives AMNESIA as evidence, in whatever order the votes come', () => {
    for (const order of [0, 1]) {
      const bench = new Bench()
      const value = bench.value()
      const peer = bench.others[0]!
      const proposal = bench.propose(0, value)
      const polka = [proposal, ...bench.others.map(other => bench.prevoteOf(other, 0, value))]
      const precommit = { type: 'message', signed: bench.precommitOf(peer, 0, value), attachments: polka } as const
      const prevote = {
        type: 'message',
        signed: bench.prevoteOf(peer, 1, bench.value([peer])),
        attachments: [],
      } as const
      for (const input of order === 0 ? [precommit, prevote] : [prevote, precommit]) bench.input(input)
      expect(bench.effects('evidence').map(({ evidence }) => [evidence.kind, evidence.accused])).to.deep.equal([
        ['amnesia', peer],
      ])
    }
  })

  it('takes the proof of a decision whole, though a liar in it has voted otherwise here', () => {
    const bench = new Bench()
    const value = bench.value()
    const proposal = bench.propose(0, value)
    const [liar = ''] = bench.others
    bench.input({ type: 'message', signed: bench.precommitOf(liar, 0, null), attachments: [] })
    const proof = [proposal, ...bench.others.map(peer => bench.precommitOf(peer, 0, value))]
    bench.deliver(bench.others[1]!, { kind: 'idle', scope: bench.context.scope }, proof.slice(0, 3))
    expect(bench.state.decided).to.equal(null)
    bench.deliver(bench.others[2]!, { kind: 'idle', scope: bench.context.scope }, proof)
    expect(bench.state.decided === null).to.equal(false)
  })

  it('clocks a view by seats that have voted in it or left it', () => {
    const bench = new Bench({ n: 7 })
    bench.propose(0, bench.value())
    bench.prevotes(2, 0, null)
    for (const peer of bench.others.slice(2, 4))
      bench.input({ type: 'message', signed: bench.prevoteOf(peer, 1, null), attachments: [] })
    expect(bench.state.timers.has('prevote/0')).to.equal(true)
    expect(bench.state.timers.has('precommit/0')).to.equal(false)
    bench.precommits(2, 0, null)
    expect(bench.state.timers.has('precommit/0')).to.equal(false)
    bench.expire('prevote/0')
    expect(bench.state.timers.has('precommit/0')).to.equal(true)
  })
})
