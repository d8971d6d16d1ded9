import { expect } from 'chai'
import { type InboxRound, RoundInbox } from '../../../node/peer/round-inbox.ts'
import type { Answer, Delivery } from '../../../protocols/activations/types.ts'
import type { Signed } from '../../../protocols/wire/messages.ts'
import { refuse } from '../../../protocols/wire/refusals.ts'
import { peer, prevote, settled } from './messages.ts'

class FakeRound implements InboxRound {
  readonly round: number
  readonly heard: Signed[] = []
  readonly reachability: [string, boolean][] = []
  disposed = ''
  readonly work: InboxRound['work']

  constructor(round: number, answer: Answer | null = { kind: 'accepted' }) {
    this.round = round
    this.work =
      answer === null
        ? null
        : {
            deliver: () => answer,
            abandoned: from => this.reachability.push([from, false]),
            reported: (_, report) => (report.round === this.round ? null : refuse('stale-round')),
          }
  }

  reachable(from: string, isReachable: boolean): void {
    this.reachability.push([from, isReachable])
  }

  message(signed: Signed): void {
    this.heard.push(signed)
  }

  settled(signed: Signed): boolean {
    this.heard.push(signed)
    return true
  }

  settledBy(source: string): number {
    const counts = this.heard.map(({ signer, payload }) =>
      payload.kind === 'settled' && signer === source ? payload.count : 0,
    )
    return Math.max(0, ...counts)
  }

  dispose(reason: Error): void {
    this.disposed = reason.message
  }
}

interface Opened {
  readonly inbox: RoundInbox<FakeRound>
  readonly late: [string, number][]
  readonly ahead: string[]
}

function openInbox(round: number): Opened {
  const late: [string, number][] = []
  const ahead: string[] = []
  const inbox = new RoundInbox<FakeRound>({
    round,
    onLate: (from, of) => late.push([from, of]),
    onAhead: from => ahead.push(from),
  })
  return { inbox, late, ahead }
}

const rounds = ({ heard }: FakeRound): number[] =>
  heard.map(({ payload }) => (payload.kind === 'record' ? -1 : payload.scope.round))

describe('round inbox', () => {
  it('hands each message to its round: the one in progress, or the one before', () => {
    const { inbox, late, ahead } = openInbox(5)
    const [five, six] = [new FakeRound(5), new FakeRound(6)]
    inbox.open(five)
    inbox.close(6)
    inbox.open(six)
    for (const round of [5, 6]) inbox.message(peer(0), prevote(0, round), [])
    expect([rounds(five), rounds(six)]).to.deep.equal([[5], [6]])
    expect([late, ahead]).to.deep.equal([[], []])
  })

  it('keeps what comes early for the next round, and hands it over in order when that opens', () => {
    const { inbox } = openInbox(5)
    inbox.open(new FakeRound(5))
    inbox.message(peer(0), prevote(0, 6, 1), [])
    inbox.message(peer(0), prevote(0, 6, 2), [])
    inbox.settled(settled(1, 3, 6))
    inbox.close(6)
    const six = new FakeRound(6)
    inbox.open(six)
    const views = six.heard.map(({ payload }) => (payload.kind === 'prevote' ? payload.view : 'settled'))
    expect(views).to.deep.equal([1, 2, 'settled'])
  })

  it('keeps what comes before the first round is open', () => {
    const { inbox } = openInbox(5)
    inbox.message(peer(0), prevote(0, 5), [])
    const five = new FakeRound(5)
    inbox.open(five)
    expect(rounds(five)).to.deep.equal([5])
  })

  it('tells of siblings that are behind what is held here, and of those beyond the next round', () => {
    const { inbox, late, ahead } = openInbox(5)
    inbox.open(new FakeRound(5))
    inbox.message(peer(0), prevote(0, 4), [])
    inbox.message(peer(1), prevote(1, 7), [])
    expect(late).to.deep.equal([[peer(0), 4]])
    expect(ahead).to.deep.equal([peer(1)])
  })

  it('forgets what was kept for rounds that this peer skipped over', () => {
    const { inbox } = openInbox(5)
    inbox.message(peer(0), prevote(0, 6), [])
    inbox.settled(settled(0, 1, 6))
    inbox.abandon(9, new Error('behind'))
    const nine = new FakeRound(9)
    inbox.open(nine)
    inbox.abandon(6, new Error('the test goes back'))
    const six = new FakeRound(6)
    inbox.open(six)
    expect([rounds(nine), rounds(six)]).to.deep.equal([[], []])
  })

  it('keeps the highest SETTLED of each source for the next round, and none for others', () => {
    const { inbox } = openInbox(5)
    inbox.open(new FakeRound(5))
    expect([3, 2, 3, 5].map(count => inbox.settled(settled(0, count, 6)))).to.deep.equal([true, false, false, true])
    expect(inbox.settled(settled(1, 1, 6))).to.equal(true)
    expect([4, 7].map(round => inbox.settled(settled(0, 1, round)))).to.deep.equal([false, false])
    inbox.close(6)
    const six = new FakeRound(6)
    inbox.open(six)
    const counts = six.heard.map(({ payload }) => (payload.kind === 'settled' ? payload.count : -1))
    expect(counts).to.have.members([5, 1])
  })

  it('keeps the SETTLEDs of a bounded number of sources', () => {
    const { inbox } = openInbox(5)
    inbox.open(new FakeRound(5))
    const from = (index: number) => ({ ...settled(0, 1, 6), signer: `source ${index}` })
    const kept = Array.from({ length: 300 }, (_, index) => inbox.settled(from(index)))
    expect(kept.filter(isKept => isKept)).to.have.length(256)
  })

  it('knows which SETTLED says more than what is known of its source', () => {
    const { inbox } = openInbox(5)
    inbox.open(new FakeRound(5))
    for (const round of [5, 6]) {
      inbox.settled(settled(0, 3, round))
      const news = [2, 3, 4].map(count => inbox.isNews(peer(0), settled(0, count, round).payload))
      expect(news).to.deep.equal([false, false, true])
      expect(inbox.isNews(peer(1), settled(1, 1, round).payload)).to.equal(true)
    }
  })

  it('answers siblings of the round before until the next is decided, then lets it go', () => {
    const { inbox } = openInbox(5)
    const [five, six] = [new FakeRound(5), new FakeRound(6)]
    inbox.open(five)
    inbox.close(6)
    inbox.open(six)
    expect(five.disposed).to.equal('')
    inbox.close(7)
    expect(five.disposed).to.include('decided')
    inbox.stop(new Error('this peer stops'))
    expect(six.disposed).to.equal('this peer stops')
  })

  it('gives up the round in progress where this peer goes on elsewhere', () => {
    const { inbox } = openInbox(5)
    const five = new FakeRound(5)
    inbox.open(five)
    inbox.abandon(8, new Error('behind'))
    expect([five.disposed, inbox.current, inbox.round]).to.deep.equal(['behind', null, 8])
  })

  it('is between two rounds from the end of one to the beginning of the next, and not where it was given up', () => {
    const { inbox } = openInbox(5)
    const seen = [inbox.isBetween]
    const look = (change: () => void): void => {
      change()
      seen.push(inbox.isBetween)
    }
    look(() => inbox.open(new FakeRound(5)))
    look(() => inbox.close(6))
    look(() => inbox.open(new FakeRound(6)))
    look(() => inbox.close(7))
    look(() => inbox.abandon(7, new Error('behind')))
    expect(seen).to.deep.equal([false, false, true, false, true, false])
  })

  it('asks tensors to wait while no round is open, and refuses them where this replica only follows', () => {
    const { inbox } = openInbox(5)
    const delivery = { direction: 'forward' } as Delivery
    expect(inbox.deliver(delivery)).to.deep.equal({ kind: 'wait', round: 5 })
    inbox.open(new FakeRound(5))
    expect(inbox.deliver(delivery)).to.deep.equal({ kind: 'accepted' })
    inbox.open(new FakeRound(6, null))
    expect(inbox.deliver(delivery)).to.deep.include({ kind: 'refused' })
  })

  it('hands what siblings say that they receive to the work, while there is any, and passes its refusal on', () => {
    const { inbox } = openInbox(5)
    const report = { round: 4, forward: null, backward: null }
    expect(inbox.reported(peer(0), report)).to.equal(null)
    inbox.open(new FakeRound(5))
    expect(inbox.reported(peer(0), report)).to.deep.equal({ refused: 'stale-round' })
    expect(inbox.reported(peer(0), { ...report, round: 5 })).to.equal(null)
    inbox.close(6)
    expect(inbox.reported(peer(0), report)).to.equal(null)
  })

  it('tells the round who can be reached, while there is one', () => {
    const { inbox } = openInbox(5)
    inbox.reachable(peer(0), true)
    const five = new FakeRound(5)
    inbox.open(five)
    inbox.reachable(peer(1), false)
    expect(five.reachability).to.deep.equal([[peer(1), false]])
  })
})
