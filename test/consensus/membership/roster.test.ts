import { expect } from 'chai'
import fc from 'fast-check'
import {
  CANDIDATES_PER_SEAT,
  type DecidedChanges,
  firstRoster,
  leastSeats,
  type NextEpoch,
  nextRoster,
  REDEAL_EPOCHS,
  type Roster,
  type RosterRules,
  shortages,
} from '../../../consensus/membership/index.ts'
import type { Change, PeerName } from '../../../protocols/wire/messages.ts'
import { hashOf, RUN } from '../round/fixtures.ts'

const POOL: readonly PeerName[] = Array.from({ length: 24 }, (_, index) => `peer ${String(index).padStart(2, '0')}`)
const ACTS: readonly Change['act'][] = ['admit', 'remove-absent', 'remove-left', 'remove-proven', 'pause']

/** An epoch that anything may have happened in: bonds that come and go, records of whatever a stage is told to have decided. */
interface Happened {
  readonly beacon: number
  readonly bonded: readonly PeerName[]
  readonly decided: readonly DecidedChanges[]
}

const peer = fc.constantFrom(...POOL)
const happened: fc.Arbitrary<Happened> = fc.record({
  beacon: fc.nat(),
  bonded: fc.subarray([...POOL], { minLength: 8 }),
  decided: fc.array(
    fc.record({
      stage: fc.nat(2),
      round: fc.nat(),
      epoch: fc.nat(),
      changes: fc.uniqueArray(fc.record({ peer, act: fc.constantFrom(...ACTS) }), {
        maxLength: 3,
        selector: c => c.peer,
      }),
    }),
    { maxLength: 4 },
  ),
})
const rulesOf = fc.record({ run: fc.constant(RUN), stages: fc.constant(3), replicas: fc.integer({ min: 1, max: 7 }) })

const beaconOf = (number: number) => hashOf(`beacon ${number}`)
const epochOf = ({ beacon, bonded, decided }: Happened): NextEpoch => ({
  beacon: beaconOf(beacon),
  bonded: new Set(bonded),
  decided,
})
const seatsIn = ({ stageOf }: Roster, stage: number): PeerName[] =>
  [...stageOf].filter(([, of]) => of === stage).map(([name]) => name)
/** The same whatever order its maps were filled in. */
const plain = (roster: Roster) => ({
  ...roster,
  stageOf: [...roster.stageOf].sort(),
  departing: [...roster.departing].sort(([a], [b]) => (a < b ? -1 : 1)),
  barred: [...roster.barred].sort(),
  candidates: [...roster.candidates].sort(),
})

/** What holds after any epoch, whatever happens in it: run over chains of epochs. */
function always(check: (rules: RosterRules, before: Roster, after: Roster, next: NextEpoch) => void): void {
  fc.assert(
    fc.property(
      rulesOf,
      fc.subarray([...POOL], { minLength: 4 }),
      fc.array(happened, { maxLength: 6 }),
      (rules, first, epochs) => {
        let roster = firstRoster(rules, beaconOf(0), new Set(first))
        for (const each of epochs) {
          const next = epochOf(each)
          const after = nextRoster(rules, roster, next)
          check(rules, roster, after, next)
          roster = after
        }
      },
    ),
    { numRuns: 200 },
  )
}

describe('a roster of seats', () => {
  it('never leaves a stage below 3f + 1 seats, nor takes one from a stage that is there already', () => {
    always((rules, before, after) => {
      for (let stage = 0; stage < rules.stages; stage++) {
        const seats = seatsIn(before, stage).length
        expect(seatsIn(after, stage).length).to.be.at.least(Math.min(seats, leastSeats(rules)))
      }
    })
  })

  it('has nobody in two places, and everybody with a bond in one', () => {
    always((_, __, after, { bonded }) => {
      const places = [[...after.stageOf.keys()], [...after.candidates.keys()], after.spares]
      const barredWithoutSeat = [...after.barred].filter(name => !after.stageOf.has(name))
      const all = [...places.flat(), ...barredWithoutSeat]
      expect(new Set(all).size).to.equal(all.length)
      expect(new Set([...all, ...bonded])).to.have.property('size', all.length)
      for (const name of [...after.candidates.keys(), ...after.spares, ...after.barred])
        expect(bonded.has(name)).to.equal(true)
      for (const name of after.departing.keys()) expect(after.stageOf.has(name)).to.equal(true)
    })
  })

  it('is the same in whatever order the bonds were read and the roster before was kept', () => {
    always((rules, before, after, next) => {
      const back = <K, V>(map: ReadonlyMap<K, V>): Map<K, V> => new Map([...map].reverse())
      const mirrored: Roster = {
        ...before,
        stageOf: back(before.stageOf),
        departing: back(before.departing),
        barred: new Set([...before.barred].reverse()),
        candidates: back(before.candidates),
      }
      const again = nextRoster(rules, mirrored, { ...next, bonded: new Set([...next.bonded].reverse()) })
      expect(plain(again)).to.deep.equal(plain(after))
    })
  })

  it('takes a seat only from who left, was removed by its own stage, or has no bond', () => {
    always((_, before, after, { bonded, decided }) => {
      for (const [name, stage] of before.stageOf) {
        if (after.stageOf.get(name) === stage) continue
        const isDecided = decided.some(
          one => one.stage === stage && one.changes.some(({ peer: of, act }) => of === name && act !== 'admit'),
        )
        expect(after.stageOf.has(name)).to.equal(false)
        expect(!bonded.has(name) || before.departing.has(name) || isDecided).to.equal(true)
      }
    })
  })

  it('gives a seat only to bonded peers that a stage admitted, and none beyond its replicas', () => {
    always((rules, before, after, { bonded, decided }) => {
      for (const [name, stage] of after.stageOf) {
        if (before.stageOf.has(name)) continue
        const isDecided = decided.some(
          one => one.stage === stage && one.changes.some(({ peer: of, act }) => of === name && act === 'admit'),
        )
        expect(isDecided && bonded.has(name) && !before.barred.has(name)).to.equal(true)
      }
      for (let stage = 0; stage < rules.stages; stage++) {
        const staying = seatsIn(after, stage).filter(name => !after.departing.has(name)).length
        const stayed = seatsIn(before, stage).filter(name => !after.departing.has(name)).length
        expect(staying).to.be.at.most(Math.max(rules.replicas, stayed))
      }
    })
  })

  it('deals at most twice as many candidates as a stage lacks, and keeps no spare while a stage may have one', () => {
    always((rules, _, after) => {
      const lacking = shortages(rules, after)
      const dealt = lacking.map((_, stage) => [...after.candidates.values()].filter(of => of === stage).length)
      for (const [stage, seats] of lacking.entries()) expect(dealt[stage]).to.be.at.most(CANDIDATES_PER_SEAT * seats)
      const room = lacking.reduce((sum, seats, stage) => sum + CANDIDATES_PER_SEAT * seats - dealt[stage]!, 0)
      if (after.spares.length > 0) expect(room).to.equal(0)
    })
  })

  it('keeps candidates with their stage while it lacks seats for all of them, but in every fourth epoch', () => {
    always((rules, before, after, { bonded }) => {
      if (after.epoch % REDEAL_EPOCHS === 0) return
      const lacking = shortages(rules, after)
      for (let stage = 0; stage < rules.stages; stage++) {
        const kept = [...before.candidates].filter(
          ([name, of]) => of === stage && bonded.has(name) && !after.stageOf.has(name) && !after.barred.has(name),
        )
        if (kept.length > CANDIDATES_PER_SEAT * lacking[stage]!) continue
        for (const [name] of kept) expect(after.candidates.get(name)).to.equal(stage)
      }
    })
  })

  it('never seats or deals again whom a stage proved a liar or let go, while the bond stands', () => {
    always((_, before, after, { bonded }) => {
      for (const name of before.barred) expect(after.barred.has(name)).to.equal(bonded.has(name))
      for (const name of after.barred) expect(after.candidates.has(name) || after.spares.includes(name)).to.equal(false)
      for (const [name, { act }] of before.departing) {
        const isGone = !after.stageOf.has(name) && bonded.has(name)
        if (isGone && (act === 'remove-proven' || act === 'remove-left')) expect(after.barred.has(name)).to.equal(true)
      }
    })
  })
})

describe('from epoch to epoch', () => {
  const RULES: RosterRules = { run: RUN, stages: 2, replicas: 4 }
  const SEATED = POOL.slice(0, 8)
  const OTHERS = POOL.slice(8, 12)
  const first = firstRoster(RULES, beaconOf(0), new Set(SEATED))
  const [a, b] = seatsIn(first, 0) as [PeerName, PeerName]

  const decide = (changes: readonly Change[], stage = 0): DecidedChanges => ({ stage, round: 1, epoch: 0, changes })
  const then = (before: Roster, bonded: readonly PeerName[], ...decided: readonly DecidedChanges[]): Roster =>
    nextRoster(RULES, before, { beacon: beaconOf(before.epoch + 1), bonded: new Set(bonded), decided })

  it('nothing changes where nothing happens', () => {
    const next = then(first, SEATED)
    expect(plain(next)).to.deep.equal({ ...plain(first), epoch: 1 })
  })

  it('a removal waits for the admission of one of two candidates, and acts with it', () => {
    const waiting = then(first, [...SEATED, ...OTHERS], decide([{ peer: a, act: 'remove-absent' }]))
    expect(waiting.stageOf.get(a)).to.equal(0)
    expect(waiting.departing.get(a)).to.deep.equal({ act: 'remove-absent', sinceEpoch: 1 })
    expect([...waiting.candidates.values()]).to.deep.equal([0, 0])
    expect(waiting.spares).to.have.length(2)
    const [candidate] = [...waiting.candidates.keys()]
    const acted = then(waiting, [...SEATED, ...OTHERS], decide([{ peer: candidate!, act: 'admit' }]))
    expect(acted.stageOf.get(candidate!)).to.equal(0)
    expect(acted.stageOf.has(a)).to.equal(false)
    expect(acted.departing.size).to.equal(0)
    expect(acted.spares).to.have.members([...OTHERS.filter(name => name !== candidate), a])
  })

  it('an absence that waited in vain for two epochs is forgotten, a proven lie is not', () => {
    let roster = then(
      first,
      SEATED,
      decide([
        { peer: a, act: 'remove-absent' },
        { peer: b, act: 'remove-proven' },
      ]),
    )
    roster = then(roster, SEATED)
    expect([...roster.departing.keys()]).to.have.members([a, b])
    roster = then(roster, SEATED)
    expect([...roster.departing.keys()]).to.deep.equal([b])
    roster = then(roster, SEATED)
    expect([...roster.departing.keys()]).to.deep.equal([b])
  })

  it('the proven liar goes before the absent where there is one replacement, and gets no seat again', () => {
    const changes: Change[] = [
      { peer: a, act: 'remove-absent' },
      { peer: b, act: 'remove-proven' },
    ]
    const waiting = then(first, [...SEATED, ...OTHERS], decide(changes))
    expect([...waiting.candidates.values()]).to.deep.equal([0, 0, 0, 0])
    const acted = then(waiting, [...SEATED, ...OTHERS], decide([{ peer: OTHERS[0]!, act: 'admit' }]))
    expect(acted.stageOf.has(b)).to.equal(false)
    expect([...acted.departing.keys()]).to.deep.equal([a])
    expect([...acted.barred]).to.deep.equal([b])
    expect(
      then(
        acted,
        SEATED.filter(name => name !== b),
      ).barred.size,
    ).to.equal(0)
  })

  it('a bond that comes back before the seat is gone keeps it', () => {
    const gone = then(
      first,
      SEATED.filter(name => name !== a),
    )
    expect(gone.departing.get(a)?.act).to.equal('unbonded')
    expect(then(gone, SEATED).departing.size).to.equal(0)
  })

  it('a whole stage without bonds keeps its seats, and eight candidates wait for it', () => {
    const rest = [...seatsIn(first, 1), ...POOL.slice(8)]
    const next = then(first, rest)
    expect(seatsIn(next, 0)).to.have.members(seatsIn(first, 0))
    expect(next.departing.size).to.equal(4)
    expect([...next.candidates.values()]).to.deep.equal(Array(8).fill(0))
    expect(next.spares).to.have.length(POOL.length - 8 - 8)
  })

  it('a stage that lacks most seats is dealt candidates first', () => {
    const other = seatsIn(first, 1)
    const few = then(
      first,
      [...SEATED, ...POOL.slice(8, 11)],
      decide([{ peer: a, act: 'remove-left' }]),
      decide(
        [
          { peer: other[0]!, act: 'remove-left' },
          { peer: other[1]!, act: 'remove-proven' },
        ],
        1,
      ),
    )
    expect([...few.candidates.values()].sort()).to.deep.equal([0, 1, 1])
  })

  it('candidates that never come make room in the fourth epoch', () => {
    const bonded = [...SEATED, ...POOL.slice(8)]
    let roster = then(first, bonded, decide([{ peer: a, act: 'remove-left' }]))
    const dealt = [...roster.candidates.keys()].sort()
    while (roster.epoch < REDEAL_EPOCHS - 1) {
      roster = then(roster, bonded)
      expect([...roster.candidates.keys()].sort()).to.deep.equal(dealt)
    }
    expect([...then(roster, bonded).candidates.keys()].sort()).not.to.deep.equal(dealt)
  })

  it('an admission that a late record brings to a full stage gives no fifth seat', () => {
    const admissions = OTHERS.slice(0, 3).map((name): Change => ({ peer: name, act: 'admit' }))
    const next = then(
      first,
      [...SEATED, ...OTHERS],
      decide([{ peer: a, act: 'remove-left' }]),
      decide(admissions.slice(0, 1)),
      decide(admissions.slice(1)),
    )
    expect(seatsIn(next, 0)).to.have.members([...seatsIn(first, 0).filter(name => name !== a), OTHERS[0]!])
  })
})
