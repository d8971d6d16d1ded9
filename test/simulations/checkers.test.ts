import { expect } from 'chai'
import { CHECKERS } from '../../simulations/checkers/index.ts'
import { drawScenario } from '../../simulations/scenario/draw.ts'
import type { SimEvent } from '../../simulations/trace/types.ts'
import { quick } from './support.ts'

const scenario = drawScenario(quick({ healAtMs: 1_000 }), 1)

const seats: SimEvent[] = Array.from({ length: 8 }, (_, peer) => ({
  type: 'seat',
  atMs: 0,
  peer,
  stage: peer % 2,
  name: `peer ${peer}`,
  honest: peer !== 6,
}))

const at = { atMs: 2_000, peer: 0, stage: 0, round: 1 }
const vote = { ...at, type: 'signed', slot: 'a', essence: '1' } as const
const certified = {
  ...at,
  type: 'certified',
  view: 0,
  value: 'v',
  outcome: 'o',
  state: 's',
  parent: { value: '', outcome: '' },
  skip: false,
  sealed: [],
  signers: [0, 2, 4],
  next: 'promote',
} as const

const reformed = {
  type: 'reformed',
  ...{ atMs: 3_000, stage: 0, epoch: 5 },
  ...{ base: 3, value: 'v', resume: 6, start: 50, peers: [0, 2, 4, 8], claimants: [0, 2] },
} as const

/** What each checker must not let pass. */
const BAD: Readonly<Record<string, readonly SimEvent[]>> = {
  bounded: [{ type: 'gauge', atMs: 1, peer: 0, name: 'tensors', value: 11, bound: 10 }],
  computable: [{ ...at, type: 'halt', reason: 'nondeterminism' }],
  'decisive-votes': [{ ...at, type: 'decided', view: 0, value: 'v', skip: false }],
  'equal-outcomes': [certified, { ...certified, peer: 2, outcome: 'p' }],
  finishes: [{ type: 'end', atMs: 300_000, reason: 'limit' }],
  heals: [{ ...at, type: 'decided', view: 3, value: 'v', skip: false }],
  'honest-unaccused': [{ type: 'evidence', atMs: 1, peer: 0, kind: 'double-commit', accused: 2 }],
  inherits: [
    { type: 'renewed', atMs: 1, stage: 0, round: 3, value: 'v' },
    { ...reformed, value: 'w', claimants: [0, 2] },
  ],
  'lost-waits': [
    { type: 'short', atMs: 1, stage: 0, epoch: 4, needs: 2 },
    { ...certified, epoch: 4 },
  ],
  'lies-detected': [{ type: 'attacked', atMs: 1, peer: 6, attack: 'double-vote', round: 1 }],
  locks: [
    { ...vote, kind: 'precommit', view: 0, value: 'x' },
    { ...vote, kind: 'prevote', view: 1, value: 'y', slot: 'b' },
  ],
  monotone: [certified, { ...certified, round: 3 }],
  'one-decision': [
    { ...at, type: 'decided', view: 0, value: 'v', skip: false },
    { ...at, peer: 2, type: 'decided', view: 1, value: 'w', skip: false },
  ],
  'one-final': [
    { ...at, type: 'anchored', from: 1, link: 'a', height: 9, final: true },
    { ...at, peer: 2, type: 'anchored', from: 1, link: 'b', height: 9, final: true },
  ],
  'one-machine': [{ type: 'suspended', atMs: 1, peer: 2, by: 'second-machine' }],
  'only-absent': [{ ...at, type: 'changed', act: 'remove-absent' }],
  'paid-once': [{ type: 'paid', atMs: 1, round: 1, paid: [8, 9], distinct: 8 }],
  quorums: [{ ...certified, signers: [0, 0, 2] }],
  recomputable: [{ ...at, type: 'recomputed', expected: 'a', got: 'b' }],
  'records-monotone': [
    { type: 'record', atMs: 1, peer: 0, of: 1, sequence: 5 },
    { type: 'record', atMs: 2, peer: 0, of: 1, sequence: 4 },
  ],
  'signs-once': [
    { ...vote, kind: 'prevote', view: 0 },
    { ...vote, kind: 'prevote', view: 0, essence: '2' },
  ],
}

describe('simulations/checkers', () => {
  it('lies-detected forgives a lie that only a fellow liar heard, until it is told again', () => {
    const told = { type: 'attacked', atMs: 1, peer: 6, attack: 'not-finite', round: 1 } as const
    const refused = { type: 'refused', atMs: 2, peer: 4, from: 6, reason: 'not-finite' } as const
    const liar = seats.map(seat => (seat.type === 'seat' && seat.peer === 4 ? { ...seat, honest: false } : seat))
    const ends = (events: readonly SimEvent[], of: readonly SimEvent[]) => {
      const running = CHECKERS['lies-detected']!.start(scenario)
      for (const event of [...of, ...events]) running.event(event)
      return running.end(299_000)
    }
    expect(ends([told, refused], liar)).to.equal(null)
    expect(ends([told, refused, told], liar)).to.have.property('checker', 'lies-detected')
    expect(ends([told, refused, told], seats)).to.equal(null)
  })

  it('heals allows f + 1 views more to a round that has to be skipped, and to no other', () => {
    const skipped = { ...at, type: 'decided', view: 3, value: 'v', skip: true } as const
    const commits = [0, 2, 4].map(peer => ({ ...vote, peer, kind: 'commit' }))
    const judge = (...events: readonly SimEvent[]) => {
      const running = CHECKERS['heals']!.start(scenario)
      return [...seats, ...events].map(event => running.event(event)).find(found => found !== null) ?? null
    }
    expect(judge(...commits.slice(1), skipped)).to.equal(null)
    expect(judge(...commits.slice(1), { ...skipped, view: 4 })).to.have.property('checker', 'heals')
    expect(judge(...commits.slice(1), { ...skipped, skip: false })).to.have.property('checker', 'heals')
    expect(judge(...commits, skipped)).to.have.property('checker', 'heals')
  })

  it('heals counts views from when n - f honest seats take part', () => {
    const decision = { ...at, type: 'decided', view: 6, value: 'v', skip: false } as const
    const views: readonly SimEvent[] = [1, 2, 3, 4, 5].map(view => ({ ...at, type: 'view', view }))
    const opened = [0, 2, 4].map((peer): SimEvent => ({ ...at, peer, type: 'round.opened' }))
    const judge = (...events: readonly SimEvent[]) => {
      const running = CHECKERS['heals']!.start(scenario)
      return [...seats, ...events].map(event => running.event(event)).find(found => found !== null) ?? null
    }
    expect(judge(...opened, ...views, decision)).to.have.property('checker', 'heals')
    expect(judge(...opened.slice(1), ...views, ...opened.slice(0, 1), decision)).to.equal(null)
    expect(judge(...opened, { type: 'down', atMs: 2_000, peer: 4 }, ...views, decision)).to.equal(null)
    expect(judge(...opened, { type: 'suspended', atMs: 2_000, peer: 4 }, ...views, decision)).to.equal(null)
  })

  it('heals judges the first honest decision after the healing, not who hears of it in a later view', () => {
    const decision = { ...at, type: 'decided', view: 2, value: 'v', skip: false } as const
    const late = { ...decision, peer: 2, view: 3 } as const
    const judge = (...events: readonly SimEvent[]) => {
      const running = CHECKERS['heals']!.start(scenario)
      return [...seats, ...events].map(event => running.event(event)).find(found => found !== null) ?? null
    }
    expect(judge(decision, late)).to.equal(null)
    expect(judge(late, decision)).to.have.property('checker', 'heals')
    expect(judge({ ...decision, peer: 6 }, late), "a liar's decision").to.have.property('checker', 'heals')
    expect(judge(decision, { ...late, value: 'w' }), 'another value').to.have.property('checker', 'heals')
    expect(judge({ ...decision, atMs: scenario.healAtMs }, late), 'of before').to.have.property('checker', 'heals')
  })

  it('quorums and heals count the seats of the epoch, where members change', () => {
    const joined: readonly SimEvent[] = [
      ...seats,
      { ...seats[0]!, type: 'seat', peer: 8, stage: 0, name: 'peer 8', honest: true },
      { type: 'seats', atMs: 0, stage: 0, epoch: 1, peers: [0, 2, 4, 6] },
      { type: 'seats', atMs: 0, stage: 0, epoch: 2, peers: [2, 4, 6, 8] },
    ]
    const judge = (epoch: number, signers: readonly number[]) => {
      const running = CHECKERS['quorums']!.start(scenario)
      for (const event of joined) running.event(event)
      return running.event({ ...certified, epoch, signers })
    }
    expect(judge(1, [0, 2, 4])).to.equal(null)
    expect(judge(2, [2, 4, 8])).to.equal(null)
    expect(judge(1, [2, 4, 8])).to.have.property('checker', 'quorums')
    expect(judge(2, [0, 2, 4])).to.have.property('checker', 'quorums')
  })

  it('inherits lets a stage go on from what is final, or an honest claimant has, and behind it only after a recovery in vain', () => {
    const final = { type: 'renewed', atMs: 1, stage: 0, round: 3, value: 'v' } as const
    const found = (...events: readonly SimEvent[]) => {
      const running = CHECKERS.inherits!.start(scenario)
      return [...seats, ...events].map(event => running.event(event)).find(wrong => wrong !== null) ?? null
    }
    const newer = { ...certified, round: 4, value: 'w' }
    const older = { ...certified, round: 2, value: 'u' }
    expect(found(final, reformed)).to.equal(null)
    expect(found(final, newer, { ...reformed, base: 4, value: 'w' })).to.equal(null)
    expect(found(final, { ...newer, peer: 6 }, { ...reformed, base: 4, value: 'w', claimants: [2, 6] })).not.to.equal(
      null,
    )
    expect(found(final, older, { ...reformed, base: 2, value: 'u' })).not.to.equal(null)
    const vain = { ...final, round: 5 }
    expect(found(final, older, reformed, vain, { ...reformed, base: 2, value: 'u', resume: 8 })).to.equal(null)
  })

  it('one-final lets a recovery take back what was anchored after its base before, and nothing else', () => {
    const anchored = (round: number, link: string, height: number, seenAt: number) =>
      ({ ...at, type: 'anchored', round, from: 1, link, height, final: true, seenAt }) as const
    const found = (...events: readonly SimEvent[]) => {
      const running = CHECKERS['one-final']!.start(scenario)
      return [...seats, ...events].map(event => running.event(event)).find(wrong => wrong !== null) ?? null
    }
    const before = anchored(6, 'a', 20, 21)
    expect(found(before, reformed, anchored(6, 'b', 60, 61))).to.equal(null)
    expect(found(reformed, anchored(6, 'b', 60, 61), before), 'who is behind').to.equal(null)
    expect(found(reformed, anchored(6, 'a', 20, 61)), 'who has seen the recovery').not.to.equal(null)
    expect(found(before, anchored(6, 'b', 60, 61))).not.to.equal(null)
    expect(found(before, reformed, anchored(6, 'b', 40, 41)), 'before the epoch').not.to.equal(null)
    expect(found(anchored(3, 'a', 20, 21), reformed, anchored(3, 'b', 60, 61)), 'the base').not.to.equal(null)
    expect(found(anchored(6, 'b', 55, 56), reformed, anchored(6, 'c', 60, 61)), 'since then').not.to.equal(null)
    expect(found(before, { ...reformed, stage: 1 }, anchored(6, 'b', 60, 61)), 'another stage').not.to.equal(null)
  })

  it('monotone lets a peer go over the rounds that a recovery left out, and over no others', () => {
    const judge = (round: number) => {
      const running = CHECKERS.monotone!.start(scenario)
      for (const event of [...seats, { ...certified, round: 3 }, reformed]) running.event(event)
      return running.event({ ...certified, round, parent: { value: 'v', outcome: 'o' } })
    }
    expect(judge(6)).to.equal(null)
    expect(judge(7)).not.to.equal(null)
    expect(judge(5)).not.to.equal(null)
  })

  it('only-absent lets a stage remove who was struck, and judges nobody where all were', () => {
    const removal = { ...at, type: 'changed', act: 'remove-absent' } as const
    const struck = (peers: readonly number[]) => {
      const fault = { kind: 'crash', atMs: 0, durationMs: 500, peers }
      const running = CHECKERS['only-absent']!.start({ ...scenario, faults: [fault] })
      for (const event of seats) running.event(event)
      return running.event(removal)
    }
    expect(struck([0])).to.equal(null)
    expect(struck([])).to.equal(null)
    expect(struck([2])).to.have.property('checker', 'only-absent')
  })

  it('has a bad trace for each', () => {
    expect(Object.keys(BAD).sort()).to.deep.equal(Object.keys(CHECKERS).sort())
  })

  for (const checker of Object.values(CHECKERS)) {
    it(`${checker.name} can fail: ${checker.about}`, () => {
      const running = checker.start(scenario)
      const found = [...seats, ...(BAD[checker.name] ?? [])].flatMap(event => running.event(event) ?? [])
      const end = running.end(299_000)
      if (end !== null && end !== 'unknown') found.push(end)
      expect(found.map(violation => violation.checker)).to.deep.equal([checker.name])
      expect(checker.why.length).to.be.greaterThan(20)
    })

    it(`${checker.name} says nothing of seats alone`, () => {
      const running = checker.start(scenario)
      for (const event of seats) expect(running.event(event)).to.equal(null)
    })
  }
})
