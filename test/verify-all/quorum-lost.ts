/** Real stages that lose their quorum for good: one finds spares at once, one waits for them (consensus/recovery). */
import { lostText } from '../../node/peer/place.ts'
import { type Heard, Swarm, type TinyRun, verify } from '../e2e/harness/index.ts'
import type { LongCheck } from './types.ts'

/** Rounds that a re-formed stage may take to go on, besides the window of claims. */
const ROUNDS = 3
export const PATIENCE_MS = 300_000
/** Blocks of a second, and a lease that a busy machine's rounds fit in several times. */
export const RUN: TinyRun = {
  emptyBlockMs: 1_000,
  chain: {
    ...{ epochBlocks: 6, beaconLag: 2, anchorEvery: 4, rootEvery: 4 },
    ...{ leaseBlocks: 40, claimDelayBlocks: 2, claimWindowBlocks: 4 },
  },
  timeouts: { proposeMs: 1_000, voteMs: 500, graceCapMs: 300, reduceMs: 400, hopMs: 2_000 },
}

export const quorumLost: LongCheck = {
  name: 'quorum lost',
  claim: `a stage of 8 that loses 5 for good goes on with 4 spares within the window of claims and ${ROUNDS} rounds; one of 4 that loses 2 and finds no spare says everywhere that it needs 2 more replicas, and goes on once they bond; anybody can verify both`,
  async run() {
    return `8 seats, 5 gone, 4 spares: ${await withSpares()}; 4 seats, 2 gone, no spare: ${await withoutSpares()}`
  },
}

async function withSpares(): Promise<string> {
  const swarm = await Swarm.create({ ...RUN, stages: 1, replicas: 8, spares: 4 })
  try {
    swarm.start()
    await bondAndStart(swarm)
    await swarm.certified(ROUNDS, PATIENCE_MS)
    const lost = await lose(swarm, { stage: 0, seats: 5 })
    return await goOn(swarm, lost)
  } finally {
    await swarm.stopAll()
  }
}

async function withoutSpares(): Promise<string> {
  const swarm = await Swarm.create({ ...RUN, stages: 2, replicas: 4, spares: 2 })
  try {
    swarm.start()
    await swarm.certified(ROUNDS, PATIENCE_MS)
    const lost = await lose(swarm, { stage: 1, seats: 2 })
    const told = await needs(swarm, lost, 2)
    await bondAndStart(swarm)
    return `${told}; then ${await goOn(swarm, lost)}`
  } finally {
    await swarm.stopAll()
  }
}

export interface Lost {
  readonly stage: number
  readonly victims: readonly number[]
  /** Mark of the log when they were gone. */
  readonly since: number
}

export async function bondAndStart(swarm: Swarm, bootstrap?: readonly number[]): Promise<void> {
  const bonds = await Promise.all(swarm.spares().map(spare => swarm.command('bond', spare)))
  const refused = bonds.find(({ code }) => code !== 0)
  if (refused !== undefined) throw new Error(`a spare could not bond: ${refused.errors}`)
  swarm.start(swarm.spares(), bootstrap === undefined ? {} : { bootstrap })
}

async function lose(swarm: Swarm, { stage, seats }: { stage: number; seats: number }): Promise<Lost> {
  // The first peers are those that others ask for addresses.
  const victims = swarm.replicasOf(stage).slice(-seats)
  await Promise.all(victims.map(index => swarm.kill(index)))
  return { stage, victims, since: swarm.log.mark }
}

/** What every stage says of one that finds no spare: in its events, which people read as a sentence, and in its status. */
async function needs(swarm: Swarm, { stage, since }: Lost, count: number): Promise<string> {
  const patience = { since, timeoutMs: PATIENCE_MS }
  let sentence = ''
  for (const of of swarm.stages()) {
    const teller = swarm.replicasOf(of).find(index => swarm.isRunning(index)) ?? 0
    const isTold = (one: Extract<Heard, { event: 'stage.lost' }>): boolean =>
      one.peerIndex === teller && one.stage === stage && one.needs > 0
    const lost = await swarm.waitFor('stage.lost', isTold, `stage ${of} to say what stage ${stage} needs`, patience)
    sentence = lostText(lost)
    if (!sentence.includes(`stage ${stage} needs ${count} more replicas`)) throw new Error(`it says '${sentence}'`)
    const { output } = await swarm.command('status', teller)
    const { status } = JSON.parse(output)
    if (status?.lost?.[0]?.needs !== count)
      throw new Error(`the status of a peer of stage ${of} does not say so: ${output}`)
  }
  return `'${sentence}'`
}

/** @param rounds - until its first work: other stages may be so far ahead of the round that it resumes with */
export async function goOn(swarm: Swarm, { stage, victims, since }: Lost, rounds = ROUNDS): Promise<string> {
  const patience = { since, timeoutMs: PATIENCE_MS }
  const claims = await swarm.waitFor('stage.lost', one => one.stage === stage, 'the stage to be lost', patience)
  const reformed = await swarm.waitFor('stage.recovered', one => one.stage === stage, 'it to be re-formed', patience)
  const gone = victims.filter(index => reformed.seats.includes(swarm.peers[index]?.peer ?? ''))
  if (gone.length > 0) throw new Error('who is gone has a seat in the re-formed stage')
  const { base, resume } = reformed
  const worked = (one: Extract<Heard, { event: 'round.certified' }>): boolean =>
    one.stage === stage && one.round >= resume && one.commits > 0
  const first = await swarm.waitFor('round.certified', worked, 'the re-formed stage to do work', patience)
  if (first.round >= resume + rounds)
    throw new Error(`its first work after round ${base} was round ${first.round}, not ${resume}`)
  await swarm.certified(resume + ROUNDS, PATIENCE_MS)
  const running = [...swarm.indices(), ...swarm.spares()].filter(index => swarm.isRunning(index))
  await Promise.all(running.map(index => swarm.stop(index)))
  const { code, output, errors } = await verify(swarm)
  if (code !== 0) throw new Error(`verify ended with ${code}: ${output}\n${errors}`)
  const seconds = Math.round((first.timeMs - claims.timeMs) / 1000)
  return `base round ${base}, resumed with ${resume}, first work in ${first.round}, ${seconds} s after the first claim; verify ends with 0`
}
