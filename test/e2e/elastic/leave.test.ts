/** A peer gives its seat up while the run goes on, and another pauses and comes back. About two minutes. */
import { expect } from 'chai'
import { expectOneHistory, Swarm, verify } from '../harness/index.ts'

const PATIENCE_MS = 240_000

describe('a stage of 4 replicas, of which one leaves and one pauses', () => {
  let swarm: Swarm
  const [leaver, pauser, spare] = [2, 1, 4]

  before(async () => {
    swarm = await Swarm.create({
      stages: 1,
      spares: 1,
      emptyBlockMs: 1_000,
      chain: { epochBlocks: 10, beaconLag: 2, rootEvery: 4, anchorEvery: 4 },
      timeouts: { proposeMs: 1_000, voteMs: 500, graceCapMs: 300, reduceMs: 400, hopMs: 2_000 },
    })
    await swarm.startAndTrain()
  })
  after(() => swarm?.stopAll())

  it('keeps the seat of the one that pauses, and does not wait for it', async () => {
    const before = swarm.certifiedRound()
    const { code } = await swarm.stop(pauser)
    expect(code).to.equal(0)
    await swarm.certified(before + 3)
    swarm.start([pauser])
    const name = swarm.peers[pauser]?.peer ?? ''
    await swarm.waitFor('round.certified', ({ sealed }) => sealed.some(({ peer }) => peer === name), 'its work again', {
      since: swarm.log.mark,
    })
  })

  it('cannot spare the one that leaves, and says so', async () => {
    const leaving = swarm.startCommand('leave', leaver)
    const ended = swarm.endsByItself(leaver)
    const place = await swarm.waitFor(
      'place',
      ({ peerIndex, role }) => peerIndex === leaver && role === 'leaving',
      'the seat to be given up',
      { timeoutMs: PATIENCE_MS },
    )
    expect(place.for).to.equal(
      'it gives its seat up; it waits for a replacement, because its stage has 4 seats and keeps at least 4',
    )
    const { code, errors } = await swarm.command('bond', spare)
    expect(code, errors).to.equal(0)
    swarm.start([spare])
    const name = swarm.peers[spare]?.peer ?? ''
    await swarm.waitFor('round.certified', ({ signers }) => signers.includes(name), 'the replacement to sign', {
      timeoutMs: PATIENCE_MS,
    })
    expect((await ended).code, 'the peer that has left').to.equal(0)
    const told = await leaving.ended
    expect(told.code).to.equal(0)
    expect(told.output).to.contain('waits for a replacement')
    expect(told.output).to.contain('the peer has left')
  })

  it('trains on in one history that anybody can verify', async () => {
    const round = swarm.certifiedRound()
    await swarm.certified(round + 2)
    await Promise.all([0, pauser, 3, spare].map(index => swarm.stop(index)))
    expectOneHistory(swarm)
    const { code, output, errors } = await verify(swarm)
    expect(code, `${output}\n${errors}`).to.equal(0)
    // Even where it was away for long enough to be let go: its stage cannot spare it, and it came back.
    const gone = swarm.log
      .of('seat')
      .flatMap(({ peer, became }) => (became === 'unseated' ? [swarm.indexOf(peer)] : []))
    expect([...new Set(gone)], 'nobody but the one that left').to.deep.equal([leaver])
  })
})
