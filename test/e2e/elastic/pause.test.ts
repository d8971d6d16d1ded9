/** A peer pauses and comes back, by the verb and by Ctrl-C. Some 30 s. */
import { expect } from 'chai'
import { readFolderStatus } from '../../../node/status/read.ts'
import { statusLines } from '../../../node/status/text.ts'
import { expectOneHistory, Swarm, verify } from '../harness/index.ts'

/** Rounds without a peer, in which it would lead one in four. */
const ROUNDS = 8

describe('a peer that pauses', () => {
  let swarm: Swarm
  const [pausing, second] = [3, 2]

  before(async () => {
    swarm = await Swarm.create({
      stages: 1,
      chain: { epochBlocks: 200, beaconLag: 2, rootEvery: 64, anchorEvery: 4 },
      // Whoever waited for a leader that is not there would take this long.
      timeouts: { proposeMs: 8_000 },
    })
    await swarm.startAndTrain({ hasParent: false })
  })
  after(() => swarm?.stopAll())

  const changed = (act: string, peer: number) =>
    swarm.log
      .of('membership.changed')
      .filter(({ changes }) => changes.some(change => change.act === act && change.peer === swarm.peers[peer]?.peer))

  it('ends its round first: its stage decides that the seat stays, and its work counts', async () => {
    const ended = swarm.endsByItself(pausing)
    const { code, output } = await swarm.command('pause', pausing)
    expect(code).to.equal(0)
    expect((await ended).code).to.equal(0)
    const told = swarm.log.of('paused', { by: pausing })[0]
    expect(told?.untilHeight).to.be.a('number')
    expect(output).to.include(`paused until block ${told?.untilHeight}`)
    const last = swarm.log.of('round.certified', { by: pausing }).at(-1)
    expect(last?.sealed.map(({ peer }) => peer)).to.include(swarm.peers[pausing]?.peer)
    expect(changed('pause', pausing)[0]?.round).to.equal(last?.round)
    const status = await readFolderStatus(swarm.peers[pausing]?.folder ?? '', Date.now())
    expect(statusLines(status).join('\n')).to.include(`paused until block ${told?.untilHeight}`)
  })

  it('is not waited for where it would lead, and not removed as absent', async () => {
    const since = swarm.log.mark
    const round = swarm.certifiedRound()
    await swarm.certified(round + ROUNDS)
    const after = swarm.log.of('round.certified', { since }).filter(event => event.round > round + 1)
    expect(after.map(({ view }) => view)).to.satisfy((views: number[]) => views.every(view => view === 0))
    expect(after.map(({ leader }) => leader)).to.not.include(swarm.peers[pausing]?.peer)
    expect(changed('remove-absent', pausing)).to.deep.equal([])
  })

  it('comes back without a transfer of the state, and its work counts again', async () => {
    const since = swarm.log.mark
    swarm.start([pausing], { hasParent: false })
    const name = swarm.peers[pausing]?.peer ?? ''
    await swarm.waitFor(
      'round.certified',
      ({ signers, sealed }) => signers.includes(name) && sealed.some(({ peer, count }) => peer === name && count > 0),
      'a certificate with its signature and work',
      { since },
    )
    const ways = swarm.log.of('synced', { by: pausing, since }).map(({ by }) => by)
    expect(ways).to.not.include('snapshot')
  })

  it('by Ctrl-C, while another pause is in force, ends too, and is told that its stage has not decided it', async () => {
    const { code } = await swarm.kill(second, 'SIGINT')
    expect(code).to.equal(0)
    expect(swarm.log.of('pausing', { by: second })).to.have.length(1)
    expect(swarm.log.of('paused', { by: second }).map(({ untilHeight }) => untilHeight)).to.deep.equal([null])
  })

  it('leaves a history that anybody can verify', async () => {
    await Promise.all(
      swarm
        .indices()
        .filter(index => swarm.isRunning(index))
        .map(index => swarm.stop(index)),
    )
    expectOneHistory(swarm)
    const { code, output, errors } = await verify(swarm)
    expect(code, `${output}\n${errors}`).to.equal(0)
  })
})
