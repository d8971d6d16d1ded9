import { expect } from 'chai'
import type { Bond } from '../../../consensus/chain/types.ts'
import { beaconHeight } from '../../../consensus/election/index.ts'
import { Membership } from '../../../node/peer/membership.ts'
import { FakeChain, makeRun } from '../verify/world.ts'
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
})
