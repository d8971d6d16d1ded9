import { expect } from 'chai'
import { StageTips, TipTable } from '../../../simulations/tier0/stage-tips.ts'

/** Slot 1 of four, a peer of stage 0 of three. */
function peerOf(table: TipTable): StageTips {
  return new StageTips(table, 1)
}

describe("simulations/tier0's tips of stages", () => {
  it('are each peer its own', () => {
    const table = new TipTable(3, 4)
    const tips = peerOf(table)
    expect(tips.note(2, 3)).to.equal(true)
    expect(tips.note(2, 2)).to.equal(false)
    expect([0, 1, 2, 3].map(slot => table.newest(slot, 2))).to.deep.equal([0, 3, 0, 0])
    expect(tips.besides(0).someReached(3)).to.equal(true)
    expect(new StageTips(table, 2).besides(0).someReached(1)).to.equal(false)
  })

  it('count the stages but the own one', () => {
    const tips = peerOf(new TipTable(3, 4))
    tips.note(0, 5)
    tips.note(1, 5)
    expect(tips.besides(0).othersReached(5)).to.equal(false)
    tips.note(2, 6)
    expect(tips.besides(0).othersReached(5)).to.equal(true)
    expect(tips.besides(0).othersReached(6)).to.equal(false)
    expect([0, 5, 6, 7].map(round => tips.known(0).countReached?.(round))).to.deep.equal([2, 2, 1, 0])
    expect(tips.known(0).newest(2)).to.equal(6)
    tips.forget()
    expect(tips.besides(0).someReached(1)).to.equal(false)
    expect(tips.newest(0)).to.equal(0)
  })

  it('concern a round once all others are in it and once one of them has left it, until nothing more is to be heard', () => {
    const table = new TipTable(3, 4)
    const tips = peerOf(table)
    const concerns = () => table.concerns(1, 0)
    tips.begins(2)
    tips.note(0, 1)
    tips.note(1, 1)
    expect(concerns()).to.equal(false)
    tips.note(2, 1)
    expect(concerns()).to.equal(true)
    tips.isDeaf(2)
    expect(concerns()).to.equal(false)
    tips.begins(3)
    expect(concerns()).to.equal(false)
    tips.note(2, 3)
    expect(concerns()).to.equal(true)
    tips.isDeaf(3)
    // The same round anew, as after catching up.
    tips.begins(3)
    expect(concerns()).to.equal(true)
  })
})
