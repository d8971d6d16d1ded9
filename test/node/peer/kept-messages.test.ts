import { expect } from 'chai'
import fc from 'fast-check'
import { Ahead } from '../../../node/peer/ahead.ts'
import { Mailbox } from '../../../node/peer/mailbox.ts'
import { SeenCommits } from '../../../node/peer/seen-commits.ts'
import { hashOf, SCOPE } from '../../protocols/wire/samples.ts'
import { commit, peer, prevote } from './messages.ts'

describe('mailbox', () => {
  it('gives everything back once, in the order in which each seat sent it', () => {
    const sent = fc.array(fc.tuple(fc.nat(3), fc.nat(100)), { maxLength: 60 })
    fc.assert(
      fc.property(sent, messages => {
        const mailbox = new Mailbox()
        for (const [from, view] of messages) mailbox.put({ signed: prevote(from, 1, view), attachments: [] })
        const taken = mailbox.take().map(({ signed }) => signed)
        for (let seat = 0; seat < 4; seat++) {
          const views = taken
            .filter(({ signer }) => signer === peer(seat))
            .map(({ payload }) => (payload.kind === 'prevote' ? payload.view : -1))
          expect(views).to.deep.equal(messages.flatMap(([from, view]) => (from === seat ? [view] : [])))
        }
        expect(mailbox.take()).to.deep.equal([])
      }),
    )
  })

  it('holds a bounded number of messages and of attachments a seat; one seat does not take the room of another', () => {
    const mailbox = new Mailbox()
    const note = { signed: prevote(0, 1), attachments: [] }
    expect(Array.from({ length: 70 }, () => mailbox.put(note)).filter(kept => kept)).to.have.length(64)
    const heavy = { signed: prevote(1, 1), attachments: Array.from({ length: 600 }, () => prevote(2, 1)) }
    expect([mailbox.put(heavy), mailbox.put(heavy)]).to.deep.equal([true, false])
    expect(mailbox.put({ signed: prevote(2, 1), attachments: [] })).to.equal(true)
    expect(mailbox.take()).to.have.length(66)
  })
})

describe('seen commits', () => {
  const scope = (round: number) => ({ ...SCOPE, round })

  it('know the first commitment of a seat, and keep a second one for those who ask for it', () => {
    const seen = new SeenCommits()
    expect(seen.note(commit(0, 5, 'a'))).to.equal(true)
    expect(seen.note(commit(0, 5, 'a'))).to.equal(false)
    expect(seen.note(commit(0, 5, 'b'))).to.equal(false)
    expect(seen.note(commit(0, 5, 'c'))).to.equal(false)
    expect(seen.commitOf(scope(5), peer(0))?.root).to.deep.equal(hashOf('a'))
    expect(seen.commitOf(scope(5), peer(1))).to.equal(null)
    const ask = (root: string) =>
      seen.envelopes({ scope: scope(5), missing: [{ author: peer(0), root: hashOf(root) }] })
    expect(ask('b')).to.deep.equal([commit(0, 5, 'b').envelope])
    expect(ask('c')).to.deep.equal([])
  })

  it('keep the round in progress and its neighbours, whatever is noted', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 30 }), fc.nat(30), (rounds, now) => {
        const seen = new SeenCommits()
        for (const round of rounds) seen.note(commit(0, round))
        const known = [...new Set(rounds)].filter(round => seen.commitOf(scope(round), peer(0)) !== null)
        expect(known.length).to.be.at.most(3)
        seen.advance(now)
        for (const round of rounds) {
          const kept = seen.commitOf(scope(round), peer(0)) !== null
          if (Math.abs(round - now) > 1) expect(kept).to.equal(false)
        }
      }),
    )
  })

  it('know a bounded number of proposed values a round', () => {
    const seen = new SeenCommits()
    for (let index = 0; index < 20; index++) seen.noteValue(5, hashOf(`value ${index}`))
    const known = Array.from({ length: 20 }, (_, index) => seen.hasValue(5, hashOf(`value ${index}`)))
    expect(known.filter(isKnown => isKnown)).to.have.length(16)
    expect(seen.hasValue(6, hashOf('value 0'))).to.equal(false)
  })
})

describe('siblings that are ahead', () => {
  it('are believed once there are more of them than may lie, counted anew for each round', () => {
    const ahead = new Ahead(() => 1)
    expect(ahead.note(peer(0), 7)).to.equal(false)
    expect(ahead.note(peer(0), 7)).to.equal(false)
    expect(ahead.note(peer(1), 8)).to.equal(false)
    expect(ahead.note(peer(0), 8)).to.equal(true)
    expect(new Ahead(() => 0).note(peer(0), 1)).to.equal(true)
  })
})
