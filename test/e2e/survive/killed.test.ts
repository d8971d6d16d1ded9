/** One replica is killed at a time, in the round in which it has a part that the others wait for. */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readSafetensors } from '../../../node/engine/models/index.ts'
import { readModel } from '../../../node/engine/onnx/index.ts'
import { ROUNDS_FOLDER } from '../../../node/export/history.ts'
import { expectOneHistory, runProgram, Swarm, verify } from '../harness/index.ts'
import type { RoundOfStage } from '../harness/roles.ts'

/**
 * Snapshots every so many rounds; what is older than two of them is not kept. So many that siblings still keep the rounds
 * that went by while a killed peer started again: some ten seconds on a busy machine, of two rounds each.
 */
const ROOT_EVERY = 32
const FURTHER_ROUNDS = 3

describe('a swarm of 2 stages of 4 replicas', () => {
  let swarm: Swarm

  before(async () => {
    swarm = await Swarm.create({ chain: { rootEvery: ROOT_EVERY, anchorEvery: 4 } })
    await swarm.startAndTrain()
  })
  // What one test could not bring back must not fail the next ones.
  beforeEach(() => swarm.start(swarm.indices().filter(index => !swarm.isRunning(index))))
  after(() => swarm?.stopAll())

  /** Waits for a stage's next round, and says who plays a part in it. */
  async function nextRound(stage: number): Promise<RoundOfStage> {
    const since = swarm.log.mark
    return swarm.waitFor('round.started', event => event.stage === stage, `a round of stage ${stage}`, { since })
  }

  /** The stages go on without it, and it comes back and counts again. */
  async function survivesWithout(victim: number): Promise<void> {
    const before = swarm.certifiedRound()
    await swarm.kill(victim)
    await swarm.certified(before + FURTHER_ROUNDS)
    await returns(victim, 'replay')
  }

  async function returns(victim: number, by: 'replay' | 'snapshot'): Promise<void> {
    const since = swarm.log.mark
    swarm.start([victim])
    await swarm.waitFor(
      'synced',
      event => event.peerIndex === victim && event.by === by,
      `peer ${victim} to catch up by ${by}`,
      { since },
    )
    const caughtUp = swarm.log.mark
    await swarm.waitFor(
      'round.certified',
      ({ peerIndex, commits }) => peerIndex === victim && commits === swarm.run.manifest.replicas,
      `a round that has the commitment of peer ${victim} again`,
      { since: caughtUp },
    )
  }

  for (const stage of [0, 1]) {
    it(`goes on without the leader of stage ${stage}, and takes it back`, async () => {
      const leader = await swarm.roles.leader(await nextRound(stage), AbortSignal.timeout(10_000))
      await survivesWithout(swarm.indexOf(leader))
    })
  }

  it('goes on without a source, and takes it back', async () => {
    const { round, epoch } = await nextRound(0)
    const leader = await swarm.roles.leader({ stage: 0, round, epoch }, AbortSignal.timeout(10_000))
    const source = swarm.roles.seats(0).find(peer => peer !== leader)
    await survivesWithout(swarm.indexOf(source ?? ''))
  })

  it("goes on without a partition's first candidate, and takes it back", async () => {
    const round = await nextRound(1)
    const candidate = await swarm.roles.firstCandidate(round, 0, AbortSignal.timeout(10_000))
    await survivesWithout(swarm.indexOf(candidate))
  })

  it('halts without two replicas of a stage, says so, and resumes when one of them restarts', async () => {
    const [first = -1, second = -1] = swarm.replicasOf(0)
    await Promise.all([swarm.kill(first), swarm.kill(second)])
    const since = swarm.log.mark
    const halt = await swarm.waitFor(
      'waiting',
      event => event.stage === 0 && event.for.includes('stage 0 needs 1 more replica'),
      'stage 0 to say that a replica is missing',
      { since },
    )
    expect(halt.peerIndex).to.be.oneOf(swarm.replicasOf(0))
    const halted = swarm.certifiedRound()
    swarm.start([first])
    await swarm.certified(halted + 2)
    await returns(second, 'replay')
  })

  it('gives its state to a replica that has lost its rounds, of which the others keep only the last ones', async () => {
    const victim = swarm.replicasOf(1)[0] ?? -1
    await swarm.certified(2 * ROOT_EVERY)
    await swarm.kill(victim)
    rmSync(join(swarm.peers[victim]?.folder ?? '', ROUNDS_FOLDER), { recursive: true })
    await returns(victim, 'snapshot')
  })

  it('lets its newest model be exported while it trains, and is not disturbed', async () => {
    const before = swarm.certifiedRound()
    const out = join(swarm.folder.root, 'exported')
    const { code, output, errors } = await runProgram(['export', '--data', swarm.folder.root, '--out', out, '--json'])
    expect(code, errors).to.equal(0)
    // What a replica has certified is on its disk two rounds later at the latest.
    expect(JSON.parse(output))
      .to.have.property('round')
      .that.is.at.least(before - 2)
    expect(readModel(readFileSync(join(out, 'model.onnx'))).graph.initializers.length).to.be.above(0)
    expect(readSafetensors(readFileSync(join(out, 'model.safetensors'))).metadata['run']).to.equal(swarm.run.id)
    await swarm.certified(swarm.certifiedRound() + 2)
  })

  it('has one history at the end, of which nothing is lost', async () => {
    await Promise.all(swarm.indices().map(index => swarm.stop(index)))
    expectOneHistory(swarm)
    const { code, output, errors } = await verify(swarm)
    expect(code, `${output}\n${errors}`).to.equal(0)
  })
})
