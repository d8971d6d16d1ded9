import { expect } from 'chai'
import { askedOthers } from '../../../node/peer/watchdog.ts'

/** In round 5, by what each of the other stages is known to have certified. */
function asked(look: number, newest: readonly number[]): readonly number[] {
  const book = { newest: (stage: number) => newest[stage]! }
  return askedOthers(look, 5, { stage: newest.length, stages: newest.length + 1 }, book)
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
