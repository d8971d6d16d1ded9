import { expect } from 'chai'
import fc from 'fast-check'
import { nextRoster } from '../../../consensus/membership/index.ts'
import { firstLease, inForce, leaseOf, recover, renews, reseat, sameRound } from '../../../consensus/recovery/index.ts'
import type { Claim, StageEvent } from '../../../consensus/recovery/types.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import {
  CLAIMS_FROM,
  claimOf,
  fold,
  initOf,
  ORIGIN,
  RULES,
  RUN,
  renewal,
  rosterOf,
  START,
  seat,
  shown,
  spare,
} from './world.ts'

const holding = (round: number): Claim => ({ newest: shown(round), holds: true })

describe('a stage that lost its quorum', () => {
  const before = rosterOf([4])
  const claims = (...made: readonly (readonly [index: number, claim: Claim])[]): readonly StageEvent[] =>
    made.map(([index, claim]) => claimOf(CLAIMS_FROM, seat(index), claim))
  const reform = (events: readonly StageEvent[], spares: number, beaconHeight?: number) =>
    recover(initOf({ before, leases: fold(events, before.stageOf), spares, ...(beaconHeight ? { beaconHeight } : {}) }))

  it('is re-formed by those of its seats that claim, filled up with spares', () => {
    const { recoveries, shortages } = reform(claims([0, holding(9)], [2, holding(9)]), 2)
    expect(shortages).to.deep.equal([])
    expect(recoveries).to.have.length(1)
    const [{ base, resume, seats, claimants }] = recoveries as [(typeof recoveries)[number]]
    expect([base.round, resume]).to.deep.equal([9, 11])
    expect(seats).to.deep.equal([seat(0), seat(2), spare(0), spare(1)])
    expect(claimants).to.deep.equal([seat(0), seat(2)])
  })

  it('says how many peers it needs while it has fewer than 3f + 1', () => {
    const two = claims([0, holding(9)], [2, holding(9)])
    expect([0, 1, 2].map(spares => reform(two, spares).shortages)).to.deep.equal([
      [{ stage: 0, needs: 2 }],
      [{ stage: 0, needs: 1 }],
      [],
    ])
  })

  it('needs 4 spares where 5 of 8 seats are gone, and tells how many of them it lacks', () => {
    const eight = rosterOf([8])
    const events = [1, 4, 6].map(index => claimOf(CLAIMS_FROM, seat(index), holding(9)))
    const of = (spares: number) => recover(initOf({ before: eight, leases: fold(events, eight.stageOf), spares }))
    expect(of(4).recoveries[0]?.seats).to.have.length(7)
    expect(of(9).recoveries[0]?.seats).to.have.length(8)
    expect(of(1).shortages).to.deep.equal([{ stage: 0, needs: 3 }])
  })

  it('waits until the window of claims is over', () => {
    const events = claims([0, holding(9)], [2, holding(9)])
    const last = CLAIMS_FROM + RULES.claimWindowBlocks
    expect(reform(events, 2, last - 1)).to.deep.equal({ recoveries: [], shortages: [] })
    expect(reform(events, 2, last).recoveries).to.have.length(1)
  })

  it('goes on from the newest round that f + 1 hold: a member that is one round ahead holds the one before too', () => {
    expect(reform(claims([0, holding(9)], [2, holding(8)]), 2).recoveries[0]?.base.round).to.equal(8)
    expect(reform(claims([0, holding(9)], [2, holding(7)]), 2).recoveries[0]?.base).to.deep.equal(ORIGIN)
    const without: Claim = { newest: shown(9), holds: false }
    expect(reform(claims([0, holding(9)], [2, without]), 2).recoveries[0]?.base).to.deep.equal(ORIGIN)
  })

  it('resumes above every round that is final in any stage or that a claimant may have voted in', () => {
    const two = rosterOf([4, 4])
    const leases = [firstLease(START, ORIGIN), firstLease(START, ORIGIN)]
    const events = [
      renewal(START + 30, shown(12, START + 25), 1),
      claimOf(CLAIMS_FROM + 10, seat(0), holding(9)),
      claimOf(CLAIMS_FROM + 10, seat(1), holding(10)),
    ]
    const resumed = (more: readonly StageEvent[]) =>
      recover(initOf({ before: two, leases: fold([...events, ...more], two.stageOf, leases), spares: 2 })).recoveries
    expect(resumed([]).map(({ base, resume }) => [base.round, resume])).to.deep.equal([[9, 13]])
    expect(resumed([claimOf(CLAIMS_FROM + 11, seat(2), holding(15))])[0]?.resume).to.equal(17)
  })

  it('begins without any round where it was lost before the first', () => {
    const none: Claim = { newest: null, holds: true }
    const { recoveries } = reform(claims([0, none], [1, none], [2, none]), 1)
    expect([recoveries[0]?.base, recoveries[0]?.resume]).to.deep.equal([ORIGIN, 2])
  })

  it('passes over claims of strangers, of the unbonded, and of proven liars', () => {
    const events = [
      ...claims([0, holding(9)], [1, holding(9)], [2, holding(9)]),
      claimOf(CLAIMS_FROM, spare(0), holding(99)),
    ]
    const leases = fold(events, before.stageOf)
    const liar = new Map([[seat(1), { act: 'remove-proven' as const, sinceEpoch: 4 }]])
    const init = initOf({ before: { ...before, departing: liar }, leases, spares: 3, unbonded: [seat(0)] })
    const [recovery] = recover(init).recoveries
    expect(recovery?.claimants).to.deep.equal([seat(2)])
    expect(recovery?.seats).to.have.length(4)
    expect(recovery?.base).to.deep.equal(ORIGIN)
  })

  it('gives its new seats the next roster, without those that are gone, and their spares to nobody else', () => {
    const two = rosterOf([4, 4])
    const leases = [firstLease(START, ORIGIN), firstLease(START, ORIGIN)]
    const events = [0, 1].flatMap(stage =>
      [0, 3].map(index => claimOf(CLAIMS_FROM, seat(index, stage), holding(9), stage)),
    )
    const init = initOf({ before: two, leases: fold(events, two.stageOf, leases), spares: 3 })
    const { recoveries, shortages } = recover(init)
    expect(recoveries.map(({ stage }) => stage)).to.deep.equal([0])
    expect(shortages).to.deep.equal([{ stage: 1, needs: 1 }])
    const rules = { run: RUN, stages: 2, replicas: 4 }
    const next = nextRoster(rules, reseat(two, recoveries), { beacon: init.beacon, bonded: init.bonded, decided: [] })
    const seats = [...next.stageOf].filter(([, stage]) => stage === 0).map(([peer]) => peer)
    expect(seats.sort()).to.deep.equal(recoveries[0]?.seats)
    expect([0, 1, 2].map(index => next.stageOf.has(spare(index))).filter(Boolean)).to.have.length(2)
    expect(next.spares).to.include(seat(1))
  })

  it('can be lost again before it decided anything, and goes on from where it was', () => {
    const [first] = reform(claims([0, holding(9)], [2, holding(9)]), 2).recoveries
    const roster = reseat(before, [first!])
    const epochStart = 200
    const lease = leaseOf(first!, firstLease(START, ORIGIN), epochStart, [])
    const at = epochStart + RULES.leaseBlocks + RULES.claimDelayBlocks
    const events = [seat(0), spare(1)].map(peer => claimOf(at, peer, holding(9)))
    const leases = fold(events, roster.stageOf, [lease])
    const [second] = recover(initOf({ before: roster, leases, spares: 5 })).recoveries
    expect(sameRound(second!.base, shown(9))).to.equal(true)
    // Round 11 was begun by the first recovery, and may have been voted in.
    expect([second!.base.round, second!.resume]).to.deep.equal([10, 12])
  })

  describe('from what is final, and then shows nothing for a whole lease', () => {
    const [first] = reform(claims([0, { newest: null, holds: true }], [2, holding(7)]), 2).recoveries
    const vain = { ...first!, base: shown(9), resume: 11 }
    const lease = leaseOf(vain, firstLease(START, ORIGIN), 200, [seat(1), seat(3)])
    const roster = reseat(before, [first!])
    const [a, b, c] = [seat(0), seat(2), spare(0)]
    const again = (
      made: readonly (readonly [PeerName, Claim])[],
      gone: readonly PeerName[] = [],
      from: typeof lease = lease,
    ) => {
      const at = 200 + RULES.leaseBlocks + RULES.claimDelayBlocks
      const leases = fold(
        made.map(([peer, claim]) => claimOf(at, peer, claim)),
        roster.stageOf,
        [from],
      )
      const init = initOf({ before: roster, leases, spares: 4 })
      return recover({ ...init, bonded: new Set([...init.bonded, ...gone]) }).recoveries[0]
    }
    const has: Claim = { newest: null, holds: true }
    const lacks: Claim = { newest: null, holds: false }

    it('goes on from an earlier round that f + 1 hold, where no f + 1 have the final one: a liar may keep it to itself', () => {
      const second = again([
        [a, has],
        [b, holding(7)],
        [c, holding(7)],
      ])
      expect(sameRound(second!.base, shown(7))).to.equal(true)
      expect(second!.resume).to.be.greaterThan(11)
      expect(inForce([vain, second!])).to.deep.equal([second])
    })

    it('goes on from the final one where f + 1 have it, or no earlier one is held', () => {
      const kept = [
        [
          [a, has],
          [b, has],
          [c, holding(7)],
        ],
        [
          [a, has],
          [b, holding(7)],
          [c, lacks],
        ],
        [
          [a, holding(9)],
          [b, holding(9)],
          [c, holding(8)],
        ],
      ] as const
      for (const made of kept) expect(again(made)?.base.round).to.equal(10)
    })

    it('does not go back yet to what f or fewer seats brought along: first those that were away have a seat, and a lease', () => {
      const [lone] = reform(claims([2, holding(1)]), 3).recoveries
      expect([lone?.isAttested, first?.isAttested]).to.deep.equal([false, true])
      const alone = leaseOf({ ...vain, isAttested: false }, firstLease(START, ORIGIN), 200, [seat(1), seat(3)])
      const served: [PeerName, Claim][] = [b, c].map(peer => [peer, holding(1)])
      expect(again([[a, lacks], ...served], [], alone)?.base.round).to.equal(10)
      const away = [seat(1), seat(3)]
      expect(again([[a, lacks], ...served], away, alone)?.seats.filter(peer => away.includes(peer))).to.have.length(1)
      const twice = leaseOf({ ...vain, isAttested: false }, alone, 200, [])
      expect(again([[a, lacks], ...served], [], twice)?.base.round).to.equal(1)
    })

    it('gives f seats to those who were away then, where nothing else can be gone on from: they may have it', () => {
      const away = [seat(1), seat(3)]
      const { seats, claimants, base } = again(
        [
          [a, lacks],
          [b, has],
          [c, lacks],
        ],
        away,
      )!
      expect(base.round).to.equal(10)
      expect(seats.filter(peer => away.includes(peer))).to.have.length(1)
      expect(seats).to.include.members([a, b, c])
      expect(claimants).to.include(b)
    })

    it('asks those last who did not claim before, where the base is held', () => {
      const silent = [seat(1), seat(3)]
      const { seats } = again(
        [
          [a, has],
          [b, has],
        ],
        silent,
      )!
      expect(seats).to.include.members([a, b, spare(2), spare(3)])
      expect(seats.filter(peer => silent.includes(peer))).to.deep.equal([])
    })
  })
})

describe('the base of a recovery, with at most f liars among the old seats', () => {
  const NEWEST = 6
  /** Real rounds only: a certificate cannot be forged. `NEWEST + 1` is one that liars alone have. */
  const world = fc
    .record({
      faults: fc.integer({ min: 0, max: 3 }),
      extra: fc.integer({ min: 0, max: 2 }),
      rounds: fc.array(fc.integer({ min: 0, max: NEWEST }), { minLength: 12, maxLength: 12 }),
      lies: fc.array(fc.record({ round: fc.integer({ min: 0, max: NEWEST + 1 }), holds: fc.boolean() }), {
        minLength: 3,
        maxLength: 3,
      }),
      silent: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      final: fc.integer({ min: 0, max: 2 }),
    })
    .map(({ faults, extra, rounds, lies, silent, final }) => {
      const size = 3 * faults + 1 + extra
      const claim = (round: number, holds: boolean): Claim => ({ newest: round === 0 ? null : shown(round), holds })
      const made = Array.from({ length: size }, (_, index): [number, Claim] => {
        const lie = index < faults ? lies[index] : undefined
        return lie === undefined ? [index, claim(rounds[index]!, true)] : [index, claim(lie.round, lie.holds)]
      })
      return { faults, size, claims: made.filter(([index]) => !silent[index]), final }
    })

  it('is what is final, or a round that f + 1 claimants have: one of them is honest', () => {
    fc.assert(
      fc.property(world, ({ faults, size, claims, final }) => {
        const before = rosterOf([size])
        const renewals = final === 0 ? [] : [renewal(START + 1, shown(final))]
        const from = (final === 0 ? START : START + 1) + RULES.leaseBlocks + RULES.claimDelayBlocks
        const events = [...renewals, ...claims.map(([index, claim]) => claimOf(from, seat(index), claim))]
        const init = initOf({ before, leases: fold(events, before.stageOf), spares: size })
        const [recovery] = recover(init).recoveries
        if (claims.length === 0) return recovery === undefined
        const { base, resume } = recovery!
        const isFinal = final === 0 ? base.round === 0 : sameRound(base, shown(final))
        const having = claims.filter(([index, { newest }]) => index >= faults && (newest?.round ?? 0) >= base.round)
        const naming = claims.filter(
          ([, { newest, holds }]) => holds && (newest?.round === base.round || newest?.round === base.round + 1),
        )
        const highest = Math.max(final, ...claims.map(([, { newest }]) => 1 + Math.max(final, newest?.round ?? 0)))
        expect(isFinal || (naming.length > faults && having.length > 0)).to.equal(true)
        expect(base.round).to.be.at.least(final)
        expect(resume).to.equal(highest + 1)
        return true
      }),
      { numRuns: 300 },
    )
  })

  it('is the newest round of the honest where all of them have it', () => {
    fc.assert(
      fc.property(world, ({ faults, size, claims }) => {
        const honest = claims.filter(([index]) => index >= faults)
        fc.pre(honest.length > faults)
        const agreed = claims.map(([index, claim]): [number, Claim] => [index, index < faults ? claim : holding(5)])
        const before = rosterOf([size])
        const events = agreed.map(([index, claim]) => claimOf(CLAIMS_FROM, seat(index), claim))
        const { recoveries } = recover(initOf({ before, leases: fold(events, before.stageOf), spares: size }))
        expect(recoveries[0]?.base.round).to.equal(5)
      }),
    )
  })
})

describe('the lease', () => {
  const before = rosterOf([4, 4])
  const first = [firstLease(START, ORIGIN), firstLease(START, ORIGIN)]
  const height = fc.integer({ min: START, max: START + 120 })
  const event = fc.oneof(
    fc
      .record({ height, round: fc.integer({ min: 1, max: 20 }), reference: height, stage: fc.nat(2) })
      .map(({ height: at, round, reference, stage }) => renewal(at, shown(round, Math.min(reference, at)), stage)),
    fc
      .record({ height, index: fc.nat(4), stage: fc.nat(1), round: fc.integer({ min: 1, max: 20 }) })
      .map(({ height: at, index, stage, round }) => claimOf(at, seat(index, stage), holding(round), stage)),
  )
  const history = fc.array(event, { maxLength: 40 }).map(events => events.sort((a, b) => a.height - b.height))

  it('is the same however its blocks are read: at once, in pages, or stage by stage', () => {
    fc.assert(
      fc.property(history, fc.array(fc.nat(40), { maxLength: 5 }), (events, cuts) => {
        const whole = fold(events, before.stageOf, first)
        const bounds = [0, ...cuts.sort((a, b) => a - b), events.length]
        const pages = bounds.slice(1).map((end, index) => events.slice(bounds[index], end))
        expect(pages.reduce((leases, page) => fold(page, before.stageOf, leases), first as typeof whole)).to.deep.equal(
          whole,
        )
        const sorted = [...events].sort((a, b) => b.stage - a.stage)
        expect(fold(sorted, before.stageOf, first)).to.deep.equal(whole)
      }),
    )
  })

  it('never goes back, and is not longer than its blocks after a round that was certified within it', () => {
    fc.assert(
      fc.property(history, events => {
        let leases: ReturnType<typeof fold> = first
        for (const each of events) {
          const next = fold([each], before.stageOf, leases)
          for (const [stage, lease] of next.entries()) {
            const old = leases[stage]!
            expect(lease.renewedAt).to.be.at.least(old.renewedAt)
            expect(lease.final.round).to.be.at.least(old.final.round)
            if (lease.renewedAt > old.renewedAt)
              expect(each.type === 'renewal' && each.shown.referenceHeight >= old.renewedAt).to.equal(true)
          }
          leases = next
        }
      }),
    )
  })

  it('voids the claims where the stage shows in the window that it went on', () => {
    const at = CLAIMS_FROM + 2
    const open = fold([claimOf(CLAIMS_FROM, seat(0), holding(9))], before.stageOf)
    expect(open[0]?.openedAt).to.equal(CLAIMS_FROM)
    const [lease] = fold([renewal(at, shown(10, START + 5))], before.stageOf, open)
    expect([lease?.openedAt, lease?.claims.size, lease?.renewedAt]).to.deep.equal([null, 0, at])
    expect(recover(initOf({ before, leases: [lease!], spares: 4 })).recoveries).to.deep.equal([])
  })

  it('is renewed once by rounds that were held back: the next must have been made after that', () => {
    const held = [7, 8, 9].map(round => shown(round, START + round))
    const [once] = fold([renewal(CLAIMS_FROM + 1, held[0]!)], before.stageOf)
    expect(once?.final.round).to.equal(7)
    for (const round of held.slice(1)) expect(renews(once!, round)).to.equal(false)
  })

  it('takes no claim before it has run out and the delay is over', () => {
    expect(fold([claimOf(CLAIMS_FROM - 1, seat(0), holding(9))], before.stageOf)[0]?.openedAt).to.equal(null)
  })

  it('takes nothing of the history that a recovery has left', () => {
    const recovery = { stage: 0, epoch: 5, base: shown(8), resume: 10, seats: [seat(0)], claimants: [seat(0)] }
    const lease = leaseOf({ ...recovery, isAttested: true, keepers: [] }, firstLease(START, ORIGIN), 200, [])
    const late = shown(12, 210)
    expect(fold([renewal(211, late)], before.stageOf, [lease])[0]).to.equal(lease)
    expect(fold([renewal(211, { ...late, epoch: 5 })], before.stageOf, [lease])[0]?.renewedAt).to.equal(211)
  })
})
