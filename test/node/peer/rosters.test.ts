import { expect } from 'chai'
import type { Bond } from '../../../consensus/chain/types.ts'
import { beaconHeight, epochStart } from '../../../consensus/election/index.ts'
import { encodeRecord } from '../../../consensus/membership/index.ts'
import { Around } from '../../../node/peer/around.ts'
import type { Epoch } from '../../../node/peer/epoch.ts'
import { Membership } from '../../../node/peer/membership.ts'
import { placeNow } from '../../../node/peer/place.ts'
import { seatNews } from '../../../node/peer/place-teller.ts'
import { scopeOf } from '../../../node/peer/round-context.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import { hashValue } from '../../../protocols/wire/hash.ts'
import type { Change, PeerName } from '../../../protocols/wire/messages.ts'
import { outcomeOf, roundValue, type Seat, seatsOf } from '../../protocols/wire/samples.ts'
import { block, FakeChain, makeRun } from '../verify/world.ts'

const SIGNAL = new AbortController().signal
const run = makeRun()
const { stages, replicas, chain: schedule } = run.manifest

/** The ninth peer bonds in epoch 0, so its bond counts from epoch 2 on. */
class GrowingChain extends FakeChain {
  late: readonly Bond[] = []
  override async bonds(of: string, height = 0): Promise<readonly Bond[]> {
    const early = await super.bonds(of)
    return height > epochStart(schedule, 0) ? [...early, ...this.late] : early
  }
}

describe('the rosters of the epochs', () => {
  let peers: readonly Seat[]
  let chain: GrowingChain
  let membership: Membership
  const [gone, other] = [0, 1]
  let newcomer: PeerName

  const bondOf = ({ name }: Seat, index: number): Bond => ({ peer: name, account: `account ${index}`, stake: 1000n })

  /** Signed by the seats of its epoch, all but those that are named, and posted in a block. */
  async function post(
    { stage, round, epoch, at }: { stage: number; round: number; epoch: number; at: number },
    changes: readonly Change[],
    signers?: readonly PeerName[],
  ): Promise<void> {
    const known = await membership.epoch(epoch, SIGNAL)
    const scope = scopeOf(run, known, stage, round)
    const value = { ...roundValue([]), scope, commits: 'skip' as const, changes }
    const outcome = { ...outcomeOf(value), scope, value: hashValue(value), aggregateRoot: new Uint8Array(32) }
    const seated = known.groups[stage]!.seats.map(({ peer }) => peer)
    const chosen = (signers ?? seated).slice(0, known.groups[stage]!.quorum)
    const outcomes = await Promise.all(
      chosen.map(async name => (await seal(outcome, peers.find(seat => seat.name === name)!.key)).envelope),
    )
    chain.recorded.push({
      kind: 'changes',
      peer: chosen[0] ?? '',
      block: block(at),
      record: encodeRecord({ value, outcomes }),
    })
  }

  const seatsOfStage = (epoch: number, stage: number): PeerName[] => {
    const { stageOf } = membership.roster(epoch)!
    return [...stageOf.keys()].filter(peer => stageOf.get(peer) === stage).sort()
  }
  /** The chain goes on until the epoch is known: what is final does not change, so it is posted before. */
  const reach = (epoch: number): Promise<Epoch> => {
    chain.head = Math.max(chain.head, beaconHeight(schedule, epoch))
    return membership.epoch(epoch, SIGNAL)
  }
  const victim = (): PeerName => seatsOfStage(0, 0)[gone]!

  beforeEach(async () => {
    peers = await seatsOf(stages * replicas + 1)
    const ninth = peers.at(-1)!
    newcomer = ninth.name
    chain = new GrowingChain(peers.slice(0, -1).map(bondOf))
    chain.run = run.id
    chain.late = [bondOf(ninth, 9)]
    chain.head = beaconHeight(schedule, 0)
    membership = await Membership.load(chain, run, SIGNAL)
  })

  it('follow from what the stages decided: a seat goes as soon as a dealt peer has been admitted', async () => {
    await reach(1)
    await post({ stage: 0, round: 9, epoch: 1, at: epochStart(schedule, 1) + 5 }, [
      { peer: victim(), act: 'remove-absent' },
    ])
    await reach(2)
    const second = membership.roster(2)!
    expect(second.departing.get(victim())).to.deep.equal({ act: 'remove-absent', sinceEpoch: 2 })
    expect([...second.candidates]).to.deep.equal([[newcomer, 0]])
    expect(placeNow({ current: second, newest: second }, newcomer)).to.deep.equal({ role: 'candidate', stage: 0 })
    await post({ stage: 0, round: 20, epoch: 2, at: epochStart(schedule, 2) + 5 }, [{ peer: newcomer, act: 'admit' }])
    const third = (await reach(3)).roster
    expect(third.stageOf.get(newcomer)).to.equal(0)
    expect(third.stageOf.has(victim())).to.equal(false)
    expect(seatNews(second, third)).to.deep.equal(
      [
        { peer: newcomer, stage: 0, epoch: 3, became: 'seated' as const },
        { peer: victim(), stage: 0, epoch: 3, became: 'unseated' as const },
      ].sort((a, b) => (a.peer < b.peer ? -1 : 1)),
    )
    expect((await reach(3)).groups[0]!.seats.map(({ peer }) => peer)).to.include(newcomer)
  })

  it('take a record only once, and only where a quorum of its epoch has signed it', async () => {
    const absent: Change[] = [{ peer: victim(), act: 'remove-absent' }]
    const at = epochStart(schedule, 0) + 5
    await post({ stage: 0, round: 9, epoch: 0, at }, absent, seatsOfStage(0, 1))
    await post({ stage: 0, round: 10, epoch: 0, at }, absent, seatsOfStage(0, 0).slice(0, 2))
    chain.recorded.push({ kind: 'changes', peer: victim(), block: block(at), record: Uint8Array.of(1, 2, 3) })
    await reach(1)
    expect(membership.roster(1)!.departing.size).to.equal(0)
    await post({ stage: 0, round: 11, epoch: 1, at: epochStart(schedule, 1) + 1 }, absent)
    const again = { ...chain.recorded.at(-1)!, block: block(beaconHeight(schedule, 2) + 1) }
    chain.recorded.push(again)
    await reach(5)
    const since = [2, 3, 4, 5].map(number => membership.roster(number)!.departing.get(victim())?.sinceEpoch ?? null)
    expect(since, 'forgotten after two epochs in vain, and not decided anew by the same record').to.deep.equal([
      2,
      2,
      null,
      null,
    ])
  })

  it('count what a re-formed stage decides in a round whose number the lost group had used', async () => {
    await reach(1)
    await post({ stage: 0, round: 9, epoch: 1, at: epochStart(schedule, 1) + 5 }, [
      { peer: victim(), act: 'remove-absent' },
    ])
    await reach(2)
    await post({ stage: 0, round: 9, epoch: 2, at: epochStart(schedule, 2) + 5 }, [{ peer: newcomer, act: 'admit' }])
    await reach(3)
    expect(membership.roster(3)!.stageOf.get(newcomer)).to.equal(0)
  })

  it('do not listen to keys of long ago', async () => {
    await reach(1)
    await post({ stage: 0, round: 9, epoch: 1, at: epochStart(schedule, 4) }, [{ peer: victim(), act: 'remove-left' }])
    await reach(6)
    for (let number = 2; number <= 6; number++) expect(membership.roster(number)!.departing.size).to.equal(0)
  })

  it('share what did not change, so that all of them can be kept', async () => {
    await reach(7)
    expect(membership.roster(7)!.stageOf).to.equal(membership.roster(0)!.stageOf)
  })

  it('are read once, whoever asks, and a reader that goes away takes nothing from the others', async () => {
    const hasty = new AbortController()
    chain.head = beaconHeight(schedule, 4)
    const first = membership.epoch(4, hasty.signal)
    const second = reach(4)
    hasty.abort(new Error('gone'))
    await first.catch(() => undefined)
    expect((await second).number).to.equal(4)
  })

  it('tell who is heard around the own epoch: seats of the one before and after, and candidates', async () => {
    await reach(1)
    await post({ stage: 0, round: 9, epoch: 1, at: epochStart(schedule, 1) + 5 }, [
      { peer: victim(), act: 'remove-absent' },
    ])
    await reach(2)
    await post({ stage: 0, round: 20, epoch: 2, at: epochStart(schedule, 2) + 5 }, [{ peer: newcomer, act: 'admit' }])
    let own = 1
    const around = new Around(membership, stages, () => own)
    expect(around.isCandidate(newcomer, 0)).to.equal(true)
    expect(around.isSeated(newcomer, 0)).to.equal(false)
    expect(around.hasSeat(newcomer, 1)).to.equal(false)
    await reach(3)
    expect(around.isSeated(newcomer, 0), 'the newest epoch counts too').to.equal(true)
    expect(around.isSeated(victim(), 0)).to.equal(true)
    await reach(6)
    own = 6
    expect(around.hasPlace(victim()), 'nobody of long ago').to.equal(false)
    expect(around.seats(0)).to.include(seatsOfStage(0, 0)[other])
  })
})
