import { expect } from 'chai'
import fc from 'fast-check'
import {
  type DecidedChanges,
  firstRoster,
  leastSeats,
  MOVE_EPOCHS,
  MOVE_WINDOW_EPOCHS,
  MOVES_IN_WINDOW,
  NEED_EPOCHS,
  nextRoster,
  type Roster,
  type RosterRules,
  shortages,
} from '../../../consensus/membership/index.ts'
import type { Change, PeerName } from '../../../protocols/wire/messages.ts'
import { hashOf, RUN } from '../round/fixtures.ts'

const RULES: RosterRules = { run: RUN, stages: 2, replicas: 4 }
const peersOf = (count: number): PeerName[] =>
  Array.from({ length: count }, (_, index) => `peer ${String(index).padStart(2, '0')}`)

/** Rosters from epoch to epoch; a stage admits who is a candidate as its driver says. */
class Run {
  roster: Roster
  readonly rosters: Roster[]
  readonly #rules: RosterRules
  #bonded: ReadonlySet<PeerName>

  constructor(rules: RosterRules, bonded: readonly PeerName[]) {
    this.#rules = rules
    this.#bonded = new Set(bonded)
    this.roster = firstRoster(rules, hashOf('beacon 0'), this.#bonded)
    this.rosters = [this.roster]
  }

  seats(stage: number): PeerName[] {
    return [...this.roster.stageOf].filter(([, of]) => of === stage).map(([peer]) => peer)
  }

  /** The next epoch, after these changes; null leaves the bonds as they are. */
  next(
    changes: readonly (Change & { readonly stage: number })[] = [],
    bonded: ReadonlySet<PeerName> | null = null,
  ): Roster {
    const { epoch } = this.roster
    this.#bonded = bonded ?? this.#bonded
    const decided = changes.map(
      ({ stage, peer, act }, round): DecidedChanges => ({ stage, round, epoch, changes: [{ peer, act }] }),
    )
    this.roster = nextRoster(this.#rules, this.roster, {
      beacon: hashOf(`beacon ${epoch}`),
      bonded: this.#bonded,
      decided,
    })
    this.rosters.push(this.roster)
    return this.roster
  }

  absent(peer: PeerName): Change & { stage: number } {
    return { peer, act: 'remove-absent', stage: this.roster.stageOf.get(peer)! }
  }

  admitted(peer: PeerName, stage = this.roster.candidates.get(peer)!): Change & { stage: number } {
    return { peer, act: 'admit', stage }
  }

  /** Who is to move, and where. */
  get movers(): [PeerName, number][] {
    return [...this.roster.candidates].filter(([peer]) => this.roster.stageOf.has(peer))
  }
}

/** Nine peers, five in one stage; a seat of the other one is absent for good. */
function shortRun(): { run: Run; full: number; short: number } {
  const run = new Run(RULES, peersOf(9))
  const full = run.seats(0).length === 5 ? 0 : 1
  const short = 1 - full
  run.next([run.absent(run.seats(short)[0]!)])
  return { run, full, short }
}

describe('a seat that moves', () => {
  it('is drawn once a stage has been short for two epochs, from a stage that has more than it needs', () => {
    const { run, full, short } = shortRun()
    expect(run.roster.shortSince.get(short)).to.equal(1)
    expect(run.movers, 'the first epoch').to.deep.equal([])
    run.next()
    expect(run.roster.epoch - 1 + 1).to.equal(NEED_EPOCHS)
    expect(run.movers).to.have.length(1)
    const [[mover, to]] = run.movers as [[PeerName, number]]
    expect(to).to.equal(short)
    expect(run.roster.stageOf.get(mover), 'it sits where it sat').to.equal(full)
  })

  it('changes its seat when it is admitted, and whom it replaces goes', () => {
    const { run, full, short } = shortRun()
    run.next()
    const [[mover]] = run.movers as [[PeerName, number]]
    run.next([run.admitted(mover)])
    expect(run.roster.stageOf.get(mover)).to.equal(short)
    expect([run.seats(full).length, run.seats(short).length]).to.deep.equal([4, 4])
    expect(run.roster.departing.size).to.equal(0)
    expect(run.movers).to.deep.equal([])
  })

  it('keeps its seat where it is not admitted in time, and another one is drawn', () => {
    const { run, full } = shortRun()
    run.next()
    const [[first]] = run.movers as [[PeerName, number]]
    for (let epoch = 1; epoch < MOVE_EPOCHS; epoch++) {
      run.next()
      expect(
        run.movers.map(([peer]) => peer),
        `${epoch} epochs later`,
      ).to.deep.equal([first])
    }
    const drawn: PeerName[] = []
    for (let epoch = 0; epoch < 2 * MOVE_EPOCHS && drawn.length === 0; epoch++) {
      // Whoever waited in vain was forgotten, and its stage finds it absent again.
      run.next(run.roster.departing.size > 0 ? [] : [run.absent(run.seats(1 - full)[0]!)])
      drawn.push(...run.movers.map(([peer]) => peer).filter(peer => peer !== first))
    }
    expect(drawn).to.have.length(1)
    expect(run.seats(full)).to.include(first).and.have.length(5)
  })

  it('is not drawn while a spare or a candidate may come, from a stage that needs it, or while it pauses', () => {
    const { run, short } = shortRun()
    run.next([], new Set(peersOf(10)))
    expect(run.roster.candidates.size, 'the tenth was dealt').to.equal(1)
    expect(run.movers).to.deep.equal([])

    const even = new Run(RULES, peersOf(8))
    even.next([even.absent(even.seats(0)[0]!)])
    for (let epoch = 0; epoch < 4; epoch++) expect(even.next().moves).to.deep.equal([])

    const away = shortRun()
    const pauses = away.run.seats(away.full).map(peer => ({ peer, act: 'pause', stage: away.full }) as const)
    away.run.next(pauses)
    expect(away.run.movers).to.deep.equal([])
    expect(short).to.equal(away.short)
  })

  it('of which its old stage is short by now stays, though the other one has admitted it', () => {
    const { run, full, short } = shortRun()
    run.next()
    const [[mover]] = run.movers as [[PeerName, number]]
    const other = run.seats(full).find(peer => peer !== mover)!
    run.next([run.absent(other), run.admitted(mover)])
    expect(run.roster.stageOf.get(mover)).to.equal(full)
    run.next([run.admitted(mover, short)])
    expect(run.roster.stageOf.get(mover), 'an old record').to.equal(full)
  })

  /** Some seats come and go with their load, others with their bonds; a stage admits whom it likes. */
  const SOMETIMES = fc.nat(2).map(drawn => drawn === 0)
  const world = fc.record({
    bonds: fc.integer({ min: 9, max: 11 }),
    victims: fc.uniqueArray(fc.nat(10), { minLength: 1, maxLength: 5 }),
    epochs: fc.array(
      fc.record({
        isAway: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
        gone: fc.option(fc.nat(10), { freq: 1, nil: null }),
        admits: fc.array(SOMETIMES, { minLength: 8, maxLength: 8 }),
      }),
      { minLength: 20, maxLength: 60 },
    ),
  })
  type World = typeof world extends fc.Arbitrary<infer Drawn> ? Drawn : never

  function play({ bonds, victims, epochs }: World): Run {
    const all = peersOf(bonds)
    const run = new Run(RULES, all)
    for (const [number, { isAway, gone, admits }] of epochs.entries()) {
      const absent = victims.filter((index, at) => isAway[at] === true && run.roster.stageOf.has(all[index] ?? ''))
      const admitted = [...run.roster.candidates.keys()].filter((_, index) => admits[index] === true)
      const bonded = new Set(all.filter((_, index) => number % 8 !== 0 || index !== gone))
      run.next([...absent.map(index => run.absent(all[index]!)), ...admitted.map(peer => run.admitted(peer))], bonded)
    }
    return run
  }

  it('never leaves its stage below its replicas, nobody loses a seat by it, and one goes to a stage at a time', () => {
    let moved = 0
    fc.assert(
      fc.property(world, drawn => {
        const { rosters } = play(drawn)
        for (const [index, after] of rosters.entries()) {
          const open = [...after.candidates].filter(([peer]) => after.stageOf.has(peer))
          expect(new Set(open.map(([, to]) => to)).size).to.equal(open.length)
          const before = rosters[index - 1]
          if (before === undefined) continue
          for (const [peer, from] of before.stageOf) {
            const to = after.stageOf.get(peer)
            if (to === undefined || to === from) continue
            expect(before.candidates.get(peer), 'it was drawn').to.equal(to)
            const left = [...after.stageOf].filter(([name, of]) => of === from && !after.departing.has(name)).length
            expect(left).to.be.at.least(RULES.replicas).and.at.least(leastSeats(RULES))
            moved++
          }
        }
      }),
      { numRuns: 300 },
    )
    expect(moved, 'in all runs').to.be.greaterThan(10)
  })

  it('does so a bounded number of times, whatever load comes and goes', () => {
    let drawnEver = 0
    fc.assert(
      fc.property(world, drawn => {
        const { rosters } = play(drawn)
        const draws = new Map<string, number>()
        for (const { moves } of rosters)
          for (const { peer, sinceEpoch } of moves) draws.set(`${sinceEpoch}/${peer}`, sinceEpoch)
        const at = [...draws.values()]
        for (const from of at) {
          const within = at.filter(epoch => epoch >= from && epoch < from + MOVE_WINDOW_EPOCHS)
          expect(within.length).to.be.at.most(MOVES_IN_WINDOW)
        }
        expect(new Set(at).size, 'one in an epoch').to.equal(at.length)
        drawnEver += at.length
      }),
      { numRuns: 300 },
    )
    expect(drawnEver, 'in all runs').to.be.greaterThan(10)
  })

  it('is never drawn where seats come and go at the period of an epoch', () => {
    const all = peersOf(9)
    for (const phase of [0, 1]) {
      const run = new Run(RULES, all)
      const short = run.seats(0).length === 5 ? 1 : 0
      const flapping = run.seats(short)[0]!
      for (let epoch = 0; epoch < 64; epoch++) {
        const isGone = epoch % 2 === phase
        run.next([], new Set(all.filter(peer => !isGone || peer !== flapping)))
        const lacks = shortages(RULES, run.roster)[short]
        expect(lacks, `epoch ${epoch}`).to.equal(isGone ? 1 : 0)
        expect(run.roster.moves).to.deep.equal([])
      }
    }
  })
})
