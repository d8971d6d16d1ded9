import { expect } from 'chai'
import { epochLanes, laneOf, makeLanes } from '../../../consensus/routing/lanes.ts'
import { type Measures, newMeasures } from '../../../consensus/routing/measures.ts'
import {
  NO_SPEEDS,
  nextSpeeds,
  reportsByEpoch,
  type Speeds,
  type TimesMs,
  type ToldTimes,
  toTell,
} from '../../../consensus/routing/speeds.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { LANES } from './fixtures.ts'

const STAGE_OF: ReadonlyMap<PeerName, number> = new Map(
  LANES.rankings.flatMap((peers, stage) => peers.map((peer): [PeerName, number] => [peer, stage])),
)
const QUICK_MS = 100
const SLOW_MS = 1_000

const exactly = (times: TimesMs): ToldTimes => new Map([...times].map(([peer, ms]) => [peer, { ms, isAtLeast: false }]))

/** What honest peers of these lanes tell where these are slow. */
function honest(slow: readonly PeerName[], lanes = LANES): Map<PeerName, TimesMs> {
  const own = (peer: PeerName): number => (slow.includes(peer) ? SLOW_MS : QUICK_MS)
  const told = new Map<PeerName, TimesMs>()
  for (let lane = 0; lane < 4; lane++) {
    const [source, middle, head] = lanes.rankings.map(ranking => ranking[lane]!) as [string, string, string]
    told.set(source, new Map([[middle, own(middle) + own(head)]]))
    told.set(
      middle,
      new Map([
        [source, own(source)],
        [head, own(head)],
      ]),
    )
    told.set(head, new Map([[middle, own(head)]]))
  }
  return told
}

const next = (before: Speeds, reports: ReadonlyMap<PeerName, TimesMs>, lanes = LANES, stageOf = STAGE_OF): Speeds =>
  nextSpeeds(before, { lanes, reports: new Map([...reports].map(([by, times]) => [by, exactly(times)])), stageOf })

const say = (peer: PeerName, about: PeerName, ms: number): Map<PeerName, TimesMs> =>
  new Map([[peer, new Map([[about, ms]])]])

describe('routing: speeds', () => {
  it('tell the slow from those that wait for them: a source, a hop and a head in lanes of their own', () => {
    const { slow, timesMs } = next(NO_SPEEDS, honest(['a0', 'b1', 'c2']))
    expect([...slow]).to.have.members(['a0', 'b1', 'c2'])
    for (const [peer, ms] of timesMs) expect(ms, peer).to.equal(slow.has(peer) ? SLOW_MS : QUICK_MS)
  })

  it('say the same once the slow share a lane', () => {
    const known = next(NO_SPEEDS, honest(['a0', 'b1', 'c2']))
    const paired = makeLanes([
      ['a1', 'a2', 'a3', 'a0'],
      ['b0', 'b2', 'b3', 'b1'],
      ['c0', 'c1', 'c3', 'c2'],
    ])
    expect([...next(known, honest(['a0', 'b1', 'c2'], paired), paired).slow]).to.have.members(['a0', 'b1', 'c2'])
    // Nor when nothing comes home there, so that nobody measures it.
    expect([...next(known, new Map(), paired).slow]).to.have.members(['a0', 'b1', 'c2'])
  })

  it('come from neighbours in the lane only: not from the peer itself, its siblings, other lanes or strangers', () => {
    const known = next(NO_SPEEDS, honest([]))
    for (const liar of ['b0', 'b1', 'a1', 'c1', 'stranger'])
      expect(next(known, say(liar, 'b0', 1_000_000)).timesMs, liar).to.deep.equal(known.timesMs)
    expect(next(known, say('a0', 'b0', 1_000_000)).timesMs.get('b0')).to.be.above(QUICK_MS)
  })

  it('do not depend on what a hop says of the way below it', () => {
    const reports = honest(['b0'])
    reports.set('b0', new Map([['c0', 2 * SLOW_MS]]))
    expect(next(NO_SPEEDS, reports).slow.has('b0')).to.equal(true)
  })

  it('take a head that says nothing at what was known of it', () => {
    const known = next(NO_SPEEDS, honest([]))
    const reports = say('a0', 'b0', SLOW_MS + QUICK_MS)
    expect(next(next(known, reports), reports).timesMs.get('b0')).to.equal(4 * QUICK_MS)
    expect(next(NO_SPEEDS, reports).timesMs.has('b0'), 'nothing is known of the head').to.equal(false)
  })

  it('that are known change by a factor of two in an epoch, so that one liar in one epoch makes nobody slow or quick', () => {
    const known = next(NO_SPEEDS, honest(['b1']))
    const lie = new Map([...say('a0', 'b0', 1_000_000), ...say('a1', 'b1', 1)])
    const once = next(known, lie)
    expect([once.timesMs.get('b0'), once.timesMs.get('b1')]).to.deep.equal([2 * QUICK_MS, SLOW_MS / 2])
    expect([...once.slow]).to.deep.equal(['b1'])
    expect([...next(once, lie).slow]).to.have.members(['b0', 'b1'])
  })

  it('are at most sixteen times from the median of the stage, so that a first lie does not last', () => {
    const { timesMs } = next(NO_SPEEDS, new Map([...honest([]), ...say('a0', 'b0', 2 ** 32)]))
    expect(timesMs.get('b0')).to.equal(16 * QUICK_MS)
    let speeds = next(NO_SPEEDS, new Map([...honest([]), ...say('a0', 'b0', 1)]))
    expect(speeds.timesMs.get('b0')).to.equal(Math.ceil(QUICK_MS / 16))
    speeds = next(NO_SPEEDS, new Map([...honest([]), ...say('a0', 'b0', 2 ** 32)]))
    for (let epoch = 0; epoch < 3; epoch++) speeds = next(speeds, honest([]))
    expect(speeds.slow.size).to.equal(0)
  })

  it('of what never came back make slow and slower, never quick', () => {
    const held = (ms: number, before: Speeds): Speeds => {
      const reports = new Map<PeerName, ToldTimes>([...honest([])].map(([by, times]) => [by, exactly(times)]))
      reports.set('a0', new Map([['b0', { ms: ms + QUICK_MS, isAtLeast: true }]]))
      return nextSpeeds(before, { lanes: LANES, reports, stageOf: STAGE_OF })
    }
    expect(held(3 * QUICK_MS, NO_SPEEDS).timesMs.has('b0')).to.equal(false)
    expect([...held(4 * QUICK_MS, NO_SPEEDS).slow]).to.deep.equal(['b0'])
    const known = next(NO_SPEEDS, honest(['b0']))
    expect(held(QUICK_MS, known).timesMs.get('b0')).to.equal(SLOW_MS)
    expect(held(1.5 * SLOW_MS, known).timesMs.get('b0')).to.equal(1.5 * SLOW_MS)
  })

  it('make slow above three times the median of the stage, and no more at twice: in between nothing changes', () => {
    const at = (before: Speeds, ms: number): boolean =>
      next(before, new Map([...honest([]), ...say('b3', 'c3', ms), ...say('c3', 'b3', ms)])).slow.has('c3')
    const fresh = (slow: readonly PeerName[]): Speeds => ({ timesMs: new Map(), slow: new Set(slow) })
    expect([300, 301].map(ms => at(fresh([]), ms))).to.deep.equal([false, true])
    expect([200, 201].map(ms => at(fresh(['c3']), ms))).to.deep.equal([false, true])
  })

  it('are forgotten of who has another stage in the next epoch, or none', () => {
    const known = next(NO_SPEEDS, honest(['b1']))
    const moved = new Map([...STAGE_OF, ['b1', 2]] as [PeerName, number][])
    moved.delete('a0')
    const { timesMs, slow } = next(known, honest(['b1']), LANES, moved)
    expect([timesMs.has('b1'), timesMs.has('a0'), slow.size]).to.deep.equal([false, false, 0])
  })

  it('are of the two epochs before, the older one first, and of several reports of a peer of the last', () => {
    const report = (peer: PeerName, epoch: number, ms: number) => ({
      peer,
      report: { epoch, times: exactly(new Map([['b0', ms]])) },
    })
    const posted = [report('a0', 5, 1), report('a0', 4, 2), report('a0', 5, 3), report('a0', 3, 4), report('a0', 6, 5)]
    const found = reportsByEpoch(posted, 6).map(({ epoch, reports }) => [epoch, reports.get('a0')?.get('b0')?.ms])
    expect(found).to.deep.equal([
      [4, 2],
      [5, 3],
    ])
    expect(reportsByEpoch(posted, 0)).to.deep.equal([])
  })
})

describe('routing: what is told of speeds', () => {
  const rounds = (told: TimesMs): ReadonlyMap<PeerName, readonly number[]> =>
    new Map([...told].map(([peer, ms]) => [peer, [ms, ms]]))
  const measures = (exact: TimesMs, atLeast: TimesMs = new Map()): Measures => ({
    epoch: 0,
    roundsMs: rounds(exact),
    atLeastMs: rounds(atLeast),
  })
  const known = next(NO_SPEEDS, honest(['a0', 'b1', 'c2']))

  it('is nothing where the lanes are others and the machines the same', () => {
    const lanes = makeLanes([
      ['a1', 'a0', 'a3', 'a2'],
      ['b1', 'b2', 'b0', 'b3'],
      ['c0', 'c1', 'c3', 'c2'],
    ])
    for (const [peer, told] of honest(['a0', 'b1', 'c2'], lanes))
      expect(toTell(measures(told), known, lanes, STAGE_OF.get(peer)!, peer), peer).to.equal(null)
  })

  it('is all that was measured where a time is half as long again, or where one is not known', () => {
    const told = new Map([
      ['a1', QUICK_MS],
      ['c1', 1.5 * QUICK_MS],
    ])
    expect(toTell(measures(told), known, LANES, 1, 'b1')).to.equal(null)
    for (const ms of [1.51 * QUICK_MS, 0.66 * QUICK_MS])
      expect(toTell(measures(new Map([...told, ['c1', ms]])), known, LANES, 1, 'b1')).to.have.all.keys('a1', 'c1')
    expect(toTell(measures(told), NO_SPEEDS, LANES, 1, 'b1')).to.deep.equal(exactly(told))
    expect(toTell(newMeasures(0), NO_SPEEDS, LANES, 1, 'b1')).to.equal(null)
  })

  it('has no part of one round alone', () => {
    const once: Measures = { epoch: 0, roundsMs: new Map([['c1', [SLOW_MS]]]), atLeastMs: new Map() }
    expect(toTell(once, known, LANES, 1, 'b1')).to.equal(null)
  })

  it('has what never came back only where it was away for longer than it should take', () => {
    const away = (ms: number) => toTell(measures(new Map(), new Map([['c1', ms]])), known, LANES, 1, 'b1')
    expect(away(1.1 * QUICK_MS)).to.equal(null)
    expect(away(1.2 * QUICK_MS)).to.deep.equal(new Map([['c1', { ms: 1.2 * QUICK_MS, isAtLeast: true }]]))
    const both = measures(new Map([['c1', QUICK_MS]]), new Map([['c1', SLOW_MS]]))
    expect(toTell(both, known, LANES, 1, 'b1'), 'what came back is what counts').to.equal(null)
  })
})

describe('routing: lanes of like speeds', () => {
  const groups = [6, 4, 5].map((count, stage) => ({
    seats: Array.from({ length: count }, (_, index) => ({ peer: `s${stage}r${index}` })),
  }))
  const draws = Array.from({ length: 40 }, (_, byte) => ({ beacon: new Uint8Array(32).fill(byte), run: 'run' }))

  it('put the slow of each stage in the last lanes, whatever the beacon and however many seats a stage has', () => {
    const slow = new Set(['s0r1', 's0r2', 's1r3', 's2r0', 's2r4'])
    for (const draw of draws) {
      const lanes = epochLanes(draw, groups, slow)
      expect([1, 2].map(index => laneOf(lanes, 0, `s0r${index}`)!).sort()).to.satisfy(
        ([one, other]: number[]) => one! >= 2 && other === 3,
      )
      expect(laneOf(lanes, 1, 's1r3')).to.equal(3)
      expect([0, 4].map(index => laneOf(lanes, 2, `s2r${index}`)!).sort()).to.deep.equal([2, 3])
      for (const [stage, ranking] of lanes.rankings.entries())
        expect([...ranking].sort()).to.deep.equal(groups[stage]!.seats.map(({ peer }) => peer))
    }
  })

  it('are salted within the quick and within the slow, and as ever where nobody is slow', () => {
    const drawn = draws.map(draw => epochLanes(draw, groups, new Set(['s1r2', 's1r3'])).rankings[1]!.join(' '))
    expect(new Set(drawn).size).to.equal(4)
    for (const draw of draws)
      expect(epochLanes(draw, groups, new Set(['nobody']))).to.deep.equal(epochLanes(draw, groups))
  })
})
