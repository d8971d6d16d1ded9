import { expect } from 'chai'
import { isUnderWay, type LeaseView, leaseDuty } from '../../../consensus/recovery/index.ts'
import type { Claim, StageEvent } from '../../../consensus/recovery/types.ts'
import { CLAIMS_FROM, claimOf, fold, RULES, rosterOf, START, seat, shown } from './world.ts'

const SELF = seat(0)
const HALF = START + RULES.leaseBlocks / 2
const END = START + RULES.leaseBlocks

describe('what a member writes for its stage’s lease', () => {
  const duty = (height: number, view: Partial<LeaseView> = {}, events: readonly StageEvent[] = []) => {
    const [lease] = fold(events, rosterOf([4]).stageOf)
    if (lease === undefined) throw new Error('no lease')
    return leaseDuty({ height, lease, self: SELF, newest: null, holds: true, rank: () => 0, ...view }, RULES)
  }
  const claimed = (newest: Claim['newest'], holds: boolean): StageEvent[] => [
    claimOf(CLAIMS_FROM, SELF, { newest, holds }),
  ]

  it('is a renewal from half of the lease on, in the order of rank, where it has a round to show', () => {
    const newest = shown(5)
    expect(duty(HALF - 1, { newest })).to.equal(null)
    expect(duty(HALF, { newest })).to.equal('renew')
    expect(duty(HALF, { newest, rank: () => 1 })).to.equal(null)
    expect(duty(HALF + 2, { newest, rank: () => 1 })).to.equal('renew')
  })

  it('is an empty round from three quarters on where there is none, and a claim from the end of the lease and its delay on', () => {
    expect(duty(START + (3 * RULES.leaseBlocks) / 4 - 1)).to.equal(null)
    expect(duty(START + (3 * RULES.leaseBlocks) / 4)).to.equal('idle')
    expect(duty(END)).to.equal('idle')
    expect(duty(END + 1)).to.equal(null)
    expect(duty(CLAIMS_FROM - 1)).to.equal(null)
    expect(duty(CLAIMS_FROM)).to.equal('claim')
  })

  it('is no second claim of the same, nor of less', () => {
    const newest = shown(5, START - 1)
    expect(duty(CLAIMS_FROM + 1, { newest }, claimed(newest, true))).to.equal(null)
    expect(duty(CLAIMS_FROM + 1, {}, claimed(null, true))).to.equal(null)
    expect(duty(CLAIMS_FROM + 1, { newest: shown(4, START - 1) }, claimed(newest, true))).to.equal(null)
    expect(duty(CLAIMS_FROM + 1, { holds: false }, claimed(null, true))).to.equal(null)
  })

  it('is another claim once it has learned a newer round, or has come by the state', () => {
    const newer = shown(6, START - 1)
    expect(duty(CLAIMS_FROM + 1, { newest: newer }, claimed(shown(5, START - 1), true))).to.equal('claim')
    expect(duty(CLAIMS_FROM + 1, {}, claimed(null, false))).to.equal('claim')
    expect(duty(CLAIMS_FROM + 1, { newest: newer }, claimed(newer, false))).to.equal('claim')
  })

  it('is not posted again while the same may still come into a block', () => {
    const posted = { height: 10, lease: START, what: 'claim 5' }
    expect(isUnderWay(null, posted)).to.equal(false)
    expect(isUnderWay(posted, { ...posted, height: 15 })).to.equal(true)
    expect(isUnderWay(posted, { ...posted, height: 16 })).to.equal(false)
    for (const other of [{ what: 'claim 6' }, { lease: START + 1 }])
      expect(isUnderWay(posted, { ...posted, ...other, height: 11 })).to.equal(false)
  })
})
