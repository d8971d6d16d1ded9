import { expect } from 'chai'
import { askedOthers, type InProgress, isOvertaken } from '../../../node/peer/watchdog.ts'

/** In round 5, by what each of the other stages is known to have certified. */
function asked(look: number, newest: readonly number[]): readonly number[] {
  const book = { newest: (stage: number) => newest[stage]! }
  const own = { stage: newest.length, stages: newest.length + 1 }
  const listed = askedOthers(look, 5, own, book)
  const countReached = (round: number) => newest.filter(one => one >= round).length
  expect(askedOthers(look, 5, own, { ...book, countReached }), 'where they are counted').to.deep.equal(listed)
  return listed
}

describe("node/peer's watchdog", () => {
  it('asks every stage that is not known to have certified the round before', () => {
    expect(asked(0, [3, 5, 2, 6])).to.deep.equal([0, 2])
  })

  it('asks one stage in a look, in turn, whether it has left this round', () => {
    expect([0, 1, 2, 3].map(look => asked(look, [4, 4, 6, 4]))).to.deep.equal([[0], [1], [3], [0]])
    expect(asked(1, [4, 3, 4])).to.deep.equal([1, 2])
  })

  it('asks nobody where all are known to have left it', () => {
    expect(asked(0, [5, 7])).to.deep.equal([])
  })
})

describe("node/peer's watchdog: a certificate of the round in progress that it missed", () => {
  type State = NonNullable<InProgress['state']>
  const execution = { asked: false } as NonNullable<State['execution']>
  const certificate = {} as NonNullable<State['certificate']>
  const decided = { value: new Uint8Array(32), proof: [] }
  const waiting: State = { decided, execution, certificate, reduceLevel: 3 }
  const isCaughtUpWith = (state: State | null, { missed = 5, isFar = false } = {}) =>
    isOvertaken({ round: 5, state }, missed, isFar)

  it('is caught up with where nothing of it is under way, or others are further still', () => {
    expect(isCaughtUpWith(null)).to.equal(true)
    expect(isCaughtUpWith({ decided: null, execution: null, certificate: null, reduceLevel: 0 })).to.equal(true)
    expect(isCaughtUpWith({ ...waiting, reduceLevel: 0 }, { isFar: true })).to.equal(true)
    expect(isCaughtUpWith(null, { missed: 4 })).to.equal(false)
  })

  it('is caught up with where its aggregates were asked for again and again, of whoever may have lost them', () => {
    expect(isCaughtUpWith({ ...waiting, reduceLevel: 2 })).to.equal(false)
    expect(isCaughtUpWith(waiting)).to.equal(true)
    expect(isCaughtUpWith({ ...waiting, execution: { ...execution, asked: true } })).to.equal(false)
    expect(isCaughtUpWith({ ...waiting, certificate: null })).to.equal(false)
  })
})
