import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  claimsFrom,
  decodeStageRecord,
  firstLease,
  type Recovery,
  type StageLease,
} from '../../../consensus/recovery/index.ts'
import { CheckpointPoster } from '../../../node/peer/checkpoint-poster.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { settle } from '../../protocols/discovery/virtual-clock.ts'
import { block, buildWorld, openStore, ROUNDS, type World } from '../verify/world.ts'

const STAGE = 0

describe('naming on the chain what is kept of a lost stage', () => {
  let scratch: string
  let world: World
  /** Certificates of the lost stage, as a seat of the next one has them. */
  const certificates = new Map<number, Uint8Array>()

  before(async function () {
    this.timeout(60_000)
    scratch = mkdtempSync(join(tmpdir(), 'swarm-naming-'))
    world = await buildWorld(join(scratch, 'world'))
    const store = await openStore(world.folders[1]![0]!, world.run, 1)
    for (let round = 1; round <= ROUNDS; round++) certificates.set(round, (await store.certificate(STAGE, round))!)
    await store.close()
  })
  after(() => rmSync(scratch, { recursive: true }))

  const none = new Uint8Array(32)
  const origin = { round: 0, value: none, outcome: none }

  function scene({ recoveries = [] as Recovery[], untilRound = null as number | null, isSeated = true } = {}) {
    const { run, membership } = world
    const posted: Uint8Array[] = []
    const heads = [4, 2].map(round => ({ round, bytes: 1, leaves: [none] }))
    const lease = firstLease(membership.start.height, origin)
    const due = claimsFrom(lease, membership.leaseRules)
    const poster = new CheckpointPoster({
      store: { certificate: async (_, round) => certificates.get(round) ?? null, newest: () => ROUNDS },
      ...{ run, self: 'keeper', untilRound, rules: membership.leaseRules },
      chain: {
        async postRecord(_, record) {
          posted.push(record)
          return block(1)
        },
      },
      kept: () => ({ stage: STAGE, heads, piece: async () => null }),
      recoveries: () => recoveries,
      isSeated: () => isSeated,
      signal: AbortSignal.any([]),
      onWarning: message => expect.fail(message),
    })
    const at = async (height: number, of: StageLease = lease): Promise<(number | null)[]> => {
      poster.at(height, [of, firstLease(0, origin)])
      await settle()
      return posted.map(record => {
        const decoded = decodeStageRecord(record, run.id)
        return isRefusal(decoded) || decoded.kind !== 'checkpoint' ? null : decoded.shown.value.scope.round
      })
    }
    return { at, due, lease }
  }

  it('is done once, from the block on in which its members may claim, with the newest', async () => {
    const { at, due } = scene()
    expect(await at(due - 1)).to.deep.equal([])
    expect(await at(due)).to.deep.equal([4])
    expect(await at(due + 1), 'it may still come into a block').to.deep.equal([4])
    expect(await at(due + 50), 'it did not').to.deep.equal([4, 4])
  })

  it('is not done again where it stands there, and passes over rounds that the stage has left', async () => {
    const { at, due, lease } = scene()
    const shown = { ...origin, round: 4, epoch: 0, parent: origin, referenceHeight: 0, isCheckpoint: true }
    expect(await at(due, { ...lease, kept: new Map([['keeper', shown]]) })).to.deep.equal([])
    const left = { stage: STAGE, epoch: 9, base: { ...origin, round: 3 }, resume: 9, seats: [], claimants: [] }
    const other = scene({ recoveries: [{ ...left, isAttested: false, keepers: [] }] })
    expect(await other.at(other.due)).to.deep.equal([2])
  })

  it('is not done without a seat, nor of a stage that has come to the end of the run', async () => {
    const unseated = scene({ isSeated: false })
    expect(await unseated.at(unseated.due)).to.deep.equal([])
    const done = scene({ untilRound: 5 })
    expect(await done.at(done.due)).to.deep.equal([])
    const ahead = scene({ untilRound: 6 })
    expect(await ahead.at(ahead.due)).to.deep.equal([4])
  })
})
