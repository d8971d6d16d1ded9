import { expect } from 'chai'
import fc from 'fast-check'
import {
  firstLease,
  inForce,
  leaseOf,
  noteEvents,
  type Recovery,
  recover,
  reseat,
  sameRound,
  waitsUntil,
} from '../../../consensus/recovery/index.ts'
import type { Claim, StageEvent, StageLease } from '../../../consensus/recovery/types.ts'
import {
  CLAIMS_FROM,
  claimOf,
  fold,
  initOf,
  keptBy,
  ORIGIN,
  RULES,
  renewal,
  rosterOf,
  START,
  seat,
  shown,
  spare,
} from './world.ts'

const holding = (round: number): Claim => ({ newest: shown(round), holds: true })
const LACKS: Claim = { newest: null, holds: false }
const two = rosterOf([4, 4])
const leases = [firstLease(START, ORIGIN), firstLease(START, ORIGIN)]
const WINDOW_END = CLAIMS_FROM + RULES.claimWindowBlocks

function reform(events: readonly StageEvent[], beaconHeight = 1_000, spares = 4) {
  return recover(initOf({ before: two, leases: fold(events, two.stageOf, leases), spares, beaconHeight }))
}

describe('a stage of which nobody is left', () => {
  it('goes on with spares from the checkpoint that the next stage keeps, at once where nothing final is undone', () => {
    const { recoveries, shortages } = reform(
      [keptBy(CLAIMS_FROM, 0, shown(8)), keptBy(CLAIMS_FROM, 2, shown(8))],
      WINDOW_END,
    )
    expect(shortages).to.deep.equal([])
    const [{ stage, base, resume, seats, claimants, keepers }] = recoveries as [Recovery]
    expect([stage, base.round, resume, claimants]).to.deep.equal([0, 8, 10, []])
    expect(seats).to.deep.equal([0, 1, 2, 3].map(spare))
    expect(keepers).to.deep.equal([seat(0, 1), seat(2, 1)])
  })

  it('says how many peers it needs while there are too few spares', () => {
    const kept = [keptBy(CLAIMS_FROM, 0, shown(8))]
    expect([0, 3, 4].map(spares => reform(kept, WINDOW_END, spares).shortages)).to.deep.equal([
      [{ stage: 0, needs: 4 }],
      [{ stage: 0, needs: 1 }],
      [],
    ])
  })

  it('waits another lease for somebody who has what is final, before that is undone', () => {
    const from = START + 10 + RULES.leaseBlocks + RULES.claimDelayBlocks
    const events = [renewal(START + 10, shown(9, START + 5)), keptBy(from, 0, shown(8))]
    const patience = from + RULES.claimWindowBlocks + RULES.leaseBlocks
    const until = (made: readonly StageEvent[]) => waitsUntil(fold(made, two.stageOf, leases)[0]!, RULES)
    expect([until(events), until([keptBy(CLAIMS_FROM, 0, shown(8))])]).to.deep.equal([patience, WINDOW_END])
    expect(reform(events, patience - 1)).to.deep.equal({ recoveries: [], shortages: [] })
    expect(reform(events, patience).recoveries[0]?.base.round).to.equal(8)
    const back = [...events, claimOf(from + 2, seat(3), holding(9))]
    expect(until(back)).to.equal(from + RULES.claimWindowBlocks)
    const [kept] = reform(back, from + RULES.claimWindowBlocks).recoveries
    expect([kept?.base.round, kept?.claimants]).to.deep.equal([9, [seat(3)]])
  })

  it('hears no strangers about it, no other stage, nothing before its time, and no round without a full root', () => {
    const events = [
      { ...keptBy(CLAIMS_FROM, 0, shown(8)), peer: seat(0, 0) },
      { ...keptBy(CLAIMS_FROM, 0, shown(8)), peer: spare(0) },
      keptBy(CLAIMS_FROM - 1, 0, shown(8)),
      keptBy(CLAIMS_FROM, 0, shown(9)),
    ]
    expect(reform(events)).to.deep.equal({ recoveries: [], shortages: [] })
    const lone = rosterOf([4])
    const own = { ...keptBy(CLAIMS_FROM, 0, shown(8)), peer: seat(0, 0) }
    expect(fold([own], lone.stageOf)[0]?.openedAt).to.equal(null)
  })

  it('is left alone where a renewal comes within the window', () => {
    const kept = [keptBy(CLAIMS_FROM, 0, shown(8)), renewal(CLAIMS_FROM + 2, shown(10, START + 5))]
    expect(reform(kept).recoveries).to.deep.equal([])
  })
})

describe('a stage of which some are left', () => {
  it('goes on from what more than f of them hold, whatever is kept', () => {
    const events = [
      claimOf(CLAIMS_FROM, seat(0), holding(6)),
      claimOf(CLAIMS_FROM, seat(1), holding(6)),
      keptBy(CLAIMS_FROM, 0, shown(12)),
    ]
    const [recovery] = reform(events).recoveries
    expect([recovery?.base.round, recovery?.keepers, recovery?.resume]).to.deep.equal([6, [], 14])
  })

  it('goes on from a checkpoint that is not before what is final, where they hold nothing together', () => {
    const events = [claimOf(CLAIMS_FROM, seat(0), holding(13)), keptBy(CLAIMS_FROM, 1, shown(8))]
    const [recovery] = reform(events).recoveries
    expect([recovery?.base.round, recovery?.claimants, recovery?.keepers]).to.deep.equal([8, [seat(0)], [seat(1, 1)]])
  })

  describe('where it was in vain to go on from what is final', () => {
    const at = START + 10 + RULES.leaseBlocks + RULES.claimDelayBlocks
    const events = [renewal(START + 10, shown(9, START + 5)), claimOf(at, seat(0), holding(9))]
    const [first] = reform(events).recoveries
    const roster = reseat(two, [first!])
    const before = fold(events, two.stageOf, leases)[0]!
    const fresh = leaseOf(first!, before, 200, [seat(1), seat(2), seat(3)])
    const next = 200 + RULES.leaseBlocks + RULES.claimDelayBlocks
    const again = (made: readonly StageEvent[], lease: StageLease = fresh) => {
      const [noted] = noteEvents([lease, leases[1]!], RULES, roster.stageOf, made)
      return recover(initOf({ before: roster, leases: [noted!, leases[1]!], spares: 8 })).recoveries[0]
    }

    it('goes on from a checkpoint before it: a liar that alone claims it cannot stop the stage for good', () => {
      expect(first?.base.round).to.equal(9)
      const liar = claimOf(next, seat(0), { newest: null, holds: true })
      const second = again([liar, claimOf(next, spare(0), LACKS), keptBy(next, 0, shown(8))])
      expect([second?.base.round, second?.keepers]).to.deep.equal([8, [seat(0, 1)]])
      expect(inForce([first!, second!])).to.deep.equal([second])
    })

    it('tries another keeper where one said that it has a newer checkpoint, and gave nothing', () => {
      const lease = { ...fresh, shown: shown(14), final: { ...shown(14), round: fresh.final.round }, recoveries: [] }
      const [liar, honest] = [keptBy(next, 0, shown(12)), keptBy(next, 1, shown(8))]
      const claim = claimOf(next, spare(0), LACKS)
      const second = again([claim, liar, honest], { ...lease, tried: [shown(14)] })
      expect(second?.base.round).to.equal(12)
      const third = again([claim, liar, honest], { ...lease, tried: [shown(14), shown(12)] })
      expect(third?.base.round).to.equal(8)
      const anew = again([claim, liar, honest], { ...lease, tried: [shown(14), shown(12), shown(8)] })
      expect(anew?.base.round).to.equal(12)
    })

    it('never goes on from a checkpoint of rounds that it has left', () => {
      const left = { ...first!, base: shown(5), resume: 40, epoch: 3 }
      const kept = [claimOf(next, spare(0), LACKS), keptBy(next, 0, shown(8))]
      expect(again(kept, { ...fresh, recoveries: [left] })?.keepers).to.deep.equal([])
      expect(again(kept)?.keepers).to.have.length(1)
    })
  })
})

describe('the base of a stage, whatever f members and f of f + 1 keepers say', () => {
  const RECOVERIES = 6
  const checkpoint = fc.constantFrom(4, 8, 12, 16, 20)
  const world = fc.record({
    final: fc.integer({ min: 0, max: 16 }),
    /** What honest seats that are left have, and say. */
    honest: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }),
    /** Null: it says nothing. */
    liar: fc.option(fc.record({ round: fc.integer({ min: 0, max: 20 }), holds: fc.boolean() }), { nil: null }),
    honestKeeper: checkpoint,
    lyingKeeper: fc.option(checkpoint, { nil: null }),
  })

  it('is in the end a round that an honest peer has and gives, and not before both what is final and what is kept', () => {
    fc.assert(
      fc.property(world, ({ final, honest, liar, honestKeeper, lyingKeeper }) => {
        const isGiven = (base: { value: Uint8Array; outcome: Uint8Array }): boolean =>
          sameRound(base, ORIGIN) ||
          sameRound(base, shown(honestKeeper)) ||
          honest.some(has => sameRound(base, shown(has)) || sameRound(base, shown(has).parent))
        const shows = final === 0 ? [] : [renewal(START + 1, shown(final, START))]
        let [lease] = fold(shows, two.stageOf, leases) as [StageLease]
        let roster = two
        for (let n = 0; n < RECOVERIES; n++) {
          const at = lease.renewedAt + RULES.leaseBlocks + RULES.claimDelayBlocks
          const lie = liar === null ? [] : [{ newest: liar.round === 0 ? null : shown(liar.round), holds: liar.holds }]
          const claims = [...lie, ...honest.map(holding)].map((claim, k) => claimOf(at, seat(k), claim))
          const kept = [keptBy(at, 0, shown(honestKeeper))]
          if (lyingKeeper !== null) kept.push(keptBy(at, 1, shown(lyingKeeper)))
          const noted = noteEvents([lease, leases[1]!], RULES, roster.stageOf, [...claims, ...kept])
          const init = initOf({ before: roster, leases: noted, spares: 12, beaconHeight: at + 200 })
          const [recovery] = recover({ ...init, epoch: 5 + n }).recoveries
          const { base } = recovery!
          if (isGiven(base)) {
            expect(base.round).to.be.at.least(Math.min(final, honestKeeper))
            return
          }
          roster = reseat(roster, [recovery!])
          lease = leaseOf(recovery!, noted[0]!, at + 300, [])
        }
        expect.fail(`after ${RECOVERIES} leases it still stands at what nobody gives`)
      }),
      { numRuns: 400 },
    )
  })
})
