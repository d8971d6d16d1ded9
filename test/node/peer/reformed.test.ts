import { expect } from 'chai'
import { isPartOf, type Recovery } from '../../../consensus/recovery/index.ts'
import { anchoringEpochs, isLeft, roundAfter, settledTip, standing } from '../../../node/peer/reformed.ts'
import { firstTip, type Tip } from '../../../node/peer/tip.ts'
import { hashOf } from '../../protocols/wire/samples.ts'

const block = (height: number) => ({ height, hash: hashOf(`block ${height}`) })
const idsOf = (round: number) => ({ value: hashOf(`value ${round}`), outcome: hashOf(`outcome ${round}`) })
const tipAt = (round: number, epoch: number): Tip => ({
  ...firstTip(hashOf('state'), block(1)),
  ...{ round, epoch, parent: idsOf(round), decided: [{ peer: 'a', act: 'admit' }] },
})
const recovery = (epoch: number, base: number, resume: number, ids = base): Recovery => {
  return {
    stage: 0,
    epoch,
    base: { round: base, ...idsOf(ids) },
    resume,
    seats: ['a'],
    claimants: ['a'],
    isAttested: false,
    keepers: [],
  }
}
const startOf = (epoch: number) => block(100 * epoch)

describe('a history whose stage was re-formed', () => {
  const first = recovery(5, 9, 12)

  it('goes on at the base, is behind before it, and is left after it or beside it', () => {
    expect(standing(tipAt(8, 3), [first]).type).to.equal('before')
    expect(standing(tipAt(9, 3), [first]).type).to.equal('base')
    expect(standing(tipAt(10, 4), [first]).type).to.equal('left')
    expect(standing({ ...tipAt(9, 3), parent: idsOf(90) }, [first]).type).to.equal('left')
    expect(standing(tipAt(12, 5), [first]).type).to.equal('on')
    expect(standing(tipAt(9, 3), []).type).to.equal('on')
  })

  it('builds the next round on the base, in the epoch that re-formed the stage', () => {
    const tip = settledTip(tipAt(9, 3), [first], startOf)
    expect([tip.round, tip.epoch, tip.reference]).to.deep.equal([11, 5, startOf(5)])
    expect(tip.parent).to.deep.equal(idsOf(9))
    expect([tip.past, tip.decided], 'what an epoch decided is over with it').to.deep.equal([[], []])
    expect(settledTip(tipAt(8, 3), [first], startOf).round).to.equal(8)
  })

  it('may be re-formed again before it went on', () => {
    const twice = [first, recovery(8, 11, 15, 9)]
    const tip = settledTip(tipAt(9, 3), twice, startOf)
    expect([tip.round, tip.epoch]).to.deep.equal([14, 8])
    expect([8, 9, 10, 11, 14].map(round => roundAfter(round, twice))).to.deep.equal([9, 15, 15, 15, 15])
  })

  it('has left what was anchored of later rounds before that, but not what is anchored since', () => {
    const left = (round: number, height: number) => isLeft(round, height, [first], epoch => startOf(epoch).height)
    expect([left(9, 300), left(10, 300), left(40, 300), left(10, 600), left(12, 500)]).to.deep.equal([
      false,
      true,
      true,
      true,
      false,
    ])
  })

  it('is anchored by the seats of the epoch that re-forms it alone, else also by those of the epoch before', () => {
    expect([4, 5, 6].map(epoch => anchoringEpochs(epoch, [first]))).to.deep.equal([[3, 4], [5], [5, 6]])
  })

  it('leaves out the numbers in between, and rounds of earlier epochs after the base', () => {
    expect([8, 9, 11, 12].map(round => roundAfter(round, [first]))).to.deep.equal([9, 12, 12, 13])
    expect(isPartOf({ round: 9, epoch: 3 }, [first])).to.equal(true)
    expect(isPartOf({ round: 10, epoch: 4 }, [first])).to.equal(false)
    expect(isPartOf({ round: 13, epoch: 4 }, [first]), 'certified by the group of before').to.equal(false)
    expect(isPartOf({ round: 12, epoch: 5 }, [first])).to.equal(true)
  })
})
