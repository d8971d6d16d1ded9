import { expect } from 'chai'
import { ChainUnavailable } from '../../../consensus/chain/errors.ts'
import type { BlockReference, Bond } from '../../../consensus/chain/types.ts'
import { beaconHeight, reportHeight } from '../../../consensus/election/index.ts'
import { createPace, encodeSpeeds, laneMembers, laneOf, type Pace } from '../../../consensus/routing/index.ts'
import { Membership } from '../../../node/peer/membership.ts'
import { SpeedsPoster } from '../../../node/peer/speeds-poster.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { settle } from '../../protocols/discovery/virtual-clock.ts'
import { block, FakeChain, makeRun } from '../verify/world.ts'
import { peer } from './messages.ts'

const SIGNAL = new AbortController().signal
const STAGE = 1

describe('node/peer: speeds', () => {
  const run = makeRun()
  const { stages, replicas, stake, chain: schedule } = run.manifest
  const bonds = Array.from({ length: stages * replicas }, (_, index): Bond => {
    return { peer: peer(index), account: `account ${index}`, stake: BigInt(stake.floor) }
  })
  const due = reportHeight(schedule, 0)

  /** All seats of a stage tell what they measured of the source before them: each 100 ms, one of them 1 s. */
  async function scene({
    measuredEpoch = 0,
    isTakingPart = true,
    failures = 0,
    error = new ChainUnavailable('no answer') as Error,
  } = {}) {
    const chain = new WritableChain(bonds)
    chain.run = run.id
    chain.head = schedule.startHeight
    chain.failures = failures
    chain.error = error
    const membership = await Membership.load(chain, run, SIGNAL)
    const { lanes } = await membership.epoch(0, SIGNAL)
    const slow = lanes.rankings[0]![0]!
    const warnings: string[] = []
    const posters = lanes.rankings[STAGE]!.map(self => {
      const lane = laneOf(lanes, STAGE, self)!
      const roundsMs = new Map(laneMembers(lanes, lane, 0).map(of => [of, of === slow ? [1_000, 1_000] : [100, 100]]))
      const pace: Pace = { ...createPace(2), measures: { epoch: measuredEpoch, roundsMs, atLeastMs: new Map() } }
      const [post, told] = [
        (record: Uint8Array) => chain.post(self, record),
        { pace: () => pace, onWarning: (text: string) => void warnings.push(text) },
      ]
      return new SpeedsPoster({
        ...{ chain: { postRecord: (_, record) => post(record) }, run, stage: STAGE, self, membership, ...told },
        isTakingPart: () => isTakingPart,
        signal: SIGNAL,
      })
    })
    const at = async (height: number): Promise<number> => {
      chain.head = height
      await membership.foresee(height, SIGNAL)
      for (const poster of posters) poster.at(height)
      await settle()
      return chain.recorded.length
    }
    return { chain, membership, lanes, slow, warnings, at }
  }

  it('are told once an epoch, late in it, and the slow source then has the last lane', async () => {
    const { membership, lanes, slow, at } = await scene()
    expect(await at(due - 1)).to.equal(0)
    expect(await at(due)).to.equal(replicas)
    expect(await at(due + 1)).to.equal(replicas)
    await at(beaconHeight(schedule, 1))
    expect([...membership.speeds(1)!.slow]).to.deep.equal([slow])
    const next = membership.known(1)!.lanes
    expect(laneOf(next, 0, slow)).to.equal(next.count - 1)
    expect(membership.known(0)!.lanes, 'the epoch in which was measured stays as it was').to.equal(lanes)
    // What is known needs no telling.
    expect(await at(reportHeight(schedule, 1))).to.equal(replicas)
  })

  it('are read alike by who comes later', async () => {
    const { chain, membership, at } = await scene()
    await at(due)
    await at(beaconHeight(schedule, 2))
    const late = await Membership.load(chain, run, SIGNAL)
    for (const epoch of [1, 2]) {
      expect((await late.epoch(epoch, SIGNAL)).lanes).to.deep.equal((await membership.epoch(epoch, SIGNAL)).lanes)
      expect(late.speeds(epoch)).to.deep.equal(membership.speeds(epoch))
    }
  })

  it('are kept of the newest epochs, and of long past ones who was slow', async () => {
    const { membership, slow, at } = await scene()
    await at(due)
    for (let epoch = 1; epoch <= 9; epoch++) await at(beaconHeight(schedule, epoch))
    const kept = Array.from({ length: 9 }, (_, index) => membership.speeds(index + 1)!)
    for (const one of kept) expect([...one.slow]).to.deep.equal([slow])
    expect(kept.map(({ timesMs }) => timesMs.size > 0)).to.deep.equal([
      ...[false, false, false, false, false],
      ...[true, true, true, true],
    ])
  })

  it('count although others posted nonsense, of other epochs or as strangers', async () => {
    const { chain, membership, lanes, slow, at } = await scene()
    await at(due)
    const lie = (epoch: number) =>
      encodeSpeeds(run.id, {
        epoch,
        times: new Map(lanes.rankings[0]!.map(of => [of, { ms: 2 ** 32, isAtLeast: false }])),
      })
    const [hop] = lanes.rankings[STAGE]!
    const nonsense: readonly (readonly [PeerName, Uint8Array])[] = [
      [hop!, lie(0).subarray(0, 90)],
      [hop!, new Uint8Array(5_000)],
      [hop!, lie(7)],
      [peer(99 % 30), lie(0)],
      ...lanes.rankings[0]!.map((source): [PeerName, Uint8Array] => [source, lie(0)]),
    ]
    for (const [by, record] of nonsense) chain.recorded.push({ kind: 'speeds', peer: by, block: block(due), record })
    await at(beaconHeight(schedule, 1))
    expect([...membership.speeds(1)!.slow]).to.deep.equal([slow])
  })

  it('are not told of an epoch that is long over, or without a seat', async () => {
    expect(await (await scene({ isTakingPart: false })).at(due)).to.equal(0)
    expect(await (await scene()).at(reportHeight(schedule, 2))).to.equal(0)
    expect(await (await scene({ measuredEpoch: 1 })).at(due)).to.equal(0)
  })

  it('are told with the next head where the chain was away, and not again where it refused them', async () => {
    const away = await scene({ failures: replicas })
    expect(await away.at(due)).to.equal(0)
    expect(await away.at(due + 1)).to.equal(replicas)
    expect(away.warnings).to.deep.equal([])
    const poor = await scene({ failures: replicas, error: new Error('cannot pay') })
    expect(await poor.at(due)).to.equal(0)
    expect(await poor.at(due + 1)).to.equal(0)
    expect(poor.warnings).to.have.length(replicas)
  })
})

class WritableChain extends FakeChain {
  failures = 0
  error = new Error()

  async post(by: PeerName, record: Uint8Array): Promise<BlockReference> {
    if (this.failures-- > 0) throw this.error
    this.recorded.push({ kind: 'speeds', peer: by, block: block(this.head), record })
    return block(this.head)
  }
}
