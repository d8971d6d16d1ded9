import { expect } from 'chai'
import type { Bond, PostedRecord } from '../../../consensus/chain/types.ts'
import { beaconHeight } from '../../../consensus/election/index.ts'
import { encodeClaim } from '../../../consensus/recovery/index.ts'
import { Membership } from '../../../node/peer/membership.ts'
import { block, FakeChain, makeRun } from '../verify/world.ts'
import { peer } from './messages.ts'

const SIGNAL = new AbortController().signal

describe('membership', () => {
  const run = makeRun()
  const { stages, replicas, stake, chain: schedule } = run.manifest
  const bonds = Array.from({ length: stages * replicas }, (_, index): Bond => {
    return { peer: peer(index), account: `account ${index}`, stake: BigInt(stake.floor) }
  })

  it('knows the next epoch as soon as its beacon is final: another stage may be in it first', async () => {
    const chain = new FakeChain(bonds)
    chain.run = run.id
    chain.head = schedule.startHeight
    const membership = await Membership.load(chain, run, SIGNAL)
    const height = beaconHeight(schedule, 1)
    expect(membership.epochOf(height), 'the beacon lies in the epoch before').to.equal(0)
    chain.head = height - 1
    await membership.foresee(chain.head, SIGNAL)
    expect(membership.known(0)).to.not.equal(null)
    expect(membership.known(1)).to.equal(null)
    chain.head = height
    await membership.foresee(chain.head, SIGNAL)
    expect(membership.known(1)?.number).to.equal(1)
    expect(membership.known(2)).to.equal(null)
  })

  it('re-forms a stage of which two of four seats are left, with the bonded that have no seat', async () => {
    // Beyond the replicas' bonds at the start nobody has a seat: these come later.
    const late = ['2', '3'].map((end): Bond => ({ ...bonds[0]!, peer: peer(0).slice(0, -1) + end, account: end }))
    const chain = new LateChain(bonds, late)
    chain.run = run.id
    const { startHeight, leaseBlocks, claimDelayBlocks, claimWindowBlocks, epochBlocks } = schedule
    const from = startHeight + leaseBlocks + claimDelayBlocks
    chain.head = from + claimWindowBlocks + 2 * epochBlocks
    const first = await Membership.load(chain, run, SIGNAL)
    const [left, alsoLeft, ...gone] = [...first.first.stageOf].flatMap(([name, stage]) => (stage === 1 ? [name] : []))
    const record = encodeClaim(run.id, { stage: 1, holds: true, newest: null })
    chain.recorded = [left!, alsoLeft!].map(
      (name, at): PostedRecord => ({ kind: 'claim', peer: name, block: block(from + at), record }),
    )
    const membership = await Membership.load(chain, run, SIGNAL)
    await membership.foresee(chain.head, SIGNAL)
    const [recovery] = membership.recoveries(1)
    expect(recovery?.seats).to.have.members([left, alsoLeft, ...late.map(bond => bond.peer)])
    expect([recovery?.base.round, recovery?.resume]).to.deep.equal([0, 2])
    expect(beaconHeight(schedule, recovery!.epoch)).to.be.within(
      from + claimWindowBlocks,
      from + claimWindowBlocks + epochBlocks,
    )
    const after = membership.roster(recovery!.epoch)!
    for (const name of recovery!.seats) expect(after.stageOf.get(name)).to.equal(1)
    for (const name of gone) expect(after.stageOf.has(name)).to.equal(false)
    expect(membership.roster(recovery!.epoch - 1)!.stageOf.get(gone[0]!), 'before, nothing has changed').to.equal(1)
    expect(membership.recoveries(0)).to.deep.equal([])
  })

  it('tells what a stage lacks that cannot be re-formed', async () => {
    const chain = new FakeChain(bonds)
    chain.run = run.id
    const { startHeight, leaseBlocks, claimDelayBlocks, claimWindowBlocks, epochBlocks } = schedule
    const from = startHeight + leaseBlocks + claimDelayBlocks
    chain.head = from + claimWindowBlocks + 2 * epochBlocks
    const { first } = await Membership.load(chain, run, SIGNAL)
    const left = [...first.stageOf].find(([, stage]) => stage === 0)![0]
    const record = encodeClaim(run.id, { stage: 0, holds: true, newest: null })
    chain.recorded = [{ kind: 'claim', peer: left, block: block(from), record }]
    const membership = await Membership.load(chain, run, SIGNAL)
    await membership.foresee(chain.head, SIGNAL)
    expect(membership.ledger.shortages).to.deep.equal([{ stage: 0, needs: 3 }])
    expect(membership.recoveries(0)).to.deep.equal([])
  })
})

/** Some of its bonds are there only after the start. */
class LateChain extends FakeChain {
  readonly #all: readonly Bond[]

  constructor(first: readonly Bond[], late: readonly Bond[]) {
    super(first)
    this.#all = [...first, ...late]
  }

  override async bonds(of: string, height = 0): Promise<readonly Bond[]> {
    const first = await super.bonds(of)
    return height > makeRun().manifest.chain.startHeight ? this.#all : first
  }
}
