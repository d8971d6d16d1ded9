/** A seat that is gone for good is replaced by a peer that bonded while the run was under way. Some 80 s: five epochs of ten blocks of a second. */
import { rmSync } from 'node:fs'
import { expect } from 'chai'
import { manifestPath } from '../../../node/run/folder.ts'
import { expectOneHistory, Swarm, verify } from '../harness/index.ts'

const PATIENCE_MS = 120_000

describe('a stage of 4 replicas and a peer that bonds later', () => {
  let swarm: Swarm
  const [victim, spare] = [3, 4]

  before(async () => {
    swarm = await Swarm.create({
      stages: 1,
      spares: 1,
      emptyBlockMs: 1_000,
      // A round without one of the four takes about a second then, and an epoch holds enough of them to tell who is absent.
      chain: { epochBlocks: 10, beaconLag: 2, rootEvery: 4, anchorEvery: 4 },
      timeouts: { proposeMs: 1_000, voteMs: 500, graceCapMs: 300, reduceMs: 400, hopMs: 2_000 },
    })
    await swarm.startAndTrain()
  })
  after(() => swarm?.stopAll())

  it('finds the run by its id, and waits as a spare while no stage is short of seats', async () => {
    const { code, errors } = await swarm.command('bond', spare)
    expect(code, errors).to.equal(0)
    // All that it is told is the run's id: the peers that it dials give it the manifest.
    rmSync(manifestPath(swarm.peers[spare]?.folder ?? ''))
    swarm.start([spare], { byId: true })
    const place = await swarm.waitFor(
      'place',
      ({ peerIndex, role }) => peerIndex === spare && role === 'spare',
      'the fifth peer to be a spare',
    )
    expect(place.for).to.match(/no stage is short of seats; epoch \d+ begins in \d+ blocks?/)
  })

  it('is dealt to the stage that a peer left for good, follows it, and is admitted', async () => {
    await swarm.kill(victim)
    const victimName = swarm.peers[victim]?.peer
    const spareName = swarm.peers[spare]?.peer
    const decided = (peer: string | undefined, act: string) =>
      swarm.waitFor(
        'membership.changed',
        ({ changes }) => changes.some(change => change.peer === peer && change.act === act),
        `${act} of ${peer}`,
        { timeoutMs: PATIENCE_MS },
      )
    await decided(victimName, 'remove-absent')
    await swarm.waitFor('shortage', ({ lacking }) => lacking[0] === 1, 'the stage to be short of a seat')
    await decided(spareName, 'admit')
    const seated = await swarm.waitFor(
      'place',
      ({ peerIndex, role }) => peerIndex === spare && role === 'seat',
      'the spare to have a seat',
      { timeoutMs: PATIENCE_MS },
    )
    const counted = await swarm.waitFor(
      'round.certified',
      ({ signers, sealed }) =>
        signers.includes(spareName ?? '') && sealed.some(({ peer, count }) => peer === spareName && count > 0),
      "a certificate with the newcomer's signature and work",
      { timeoutMs: PATIENCE_MS },
    )
    expect(counted.timeMs).to.be.greaterThan(seated.timeMs)
  })

  it('leaves a history whose changes of members anybody can verify', async () => {
    await Promise.all([0, 1, 2, spare].map(index => swarm.stop(index)))
    expectOneHistory(swarm)
    const { code, output, errors } = await verify(swarm)
    expect(code, `${output}\n${errors}`).to.equal(0)
  })
})
