/** Real stages that lose their quorum for good: one finds spares, one does not (consensus/recovery). */
import { Swarm, verify } from '../e2e/harness/index.ts'
import type { LongCheck } from './types.ts'

const STAGE = 1
/** Rounds that a re-formed stage may take to go on, besides the window of claims. */
const ROUNDS = 3
/** Longer than a block takes to become final. */
const SETTLING_ROUNDS = 8
const PATIENCE_MS = 300_000
const CHAIN = {
  ...{ epochBlocks: 6, beaconLag: 2, anchorEvery: 4, rootEvery: 4 },
  ...{ leaseBlocks: 16, claimDelayBlocks: 2, claimWindowBlocks: 4 },
} as const

export const quorumLost: LongCheck = {
  name: 'quorum lost',
  claim: `a stage of 4 that loses 2 for good goes on with 2 spares within the window of claims and ${ROUNDS} rounds, and anybody can verify its history; without spares it says how many peers it needs`,
  async run() {
    return `${await withSpares()}; ${await withoutSpares()}`
  },
}

async function withSpares(): Promise<string> {
  const swarm = await Swarm.create({ spares: 2, emptyBlockMs: 2_000, chain: CHAIN })
  try {
    await swarm.startAndTrain()
    for (const spare of swarm.spares()) {
      const { code, errors } = await swarm.command('bond', spare)
      if (code !== 0) throw new Error(`a spare could not bond: ${errors}`)
    }
    // Until the bonds are final.
    await swarm.certified(swarm.certifiedRound() + SETTLING_ROUNDS)
    swarm.start(swarm.spares())
    for (const spare of swarm.spares())
      await swarm.waitFor('place', one => one.peerIndex === spare && one.role === 'spare', 'the spares to wait')
    const { mark } = swarm.log
    const victims = await loseTwo(swarm)
    const lost = await swarm.waitFor('stage.lost', one => one.stage === STAGE, 'the stage to be lost', {
      since: mark,
      timeoutMs: PATIENCE_MS,
    })
    const recovered = await swarm.waitFor('stage.recovered', one => one.stage === STAGE, 'the stage to be re-formed', {
      since: mark,
      timeoutMs: PATIENCE_MS,
    })
    const left = victims.filter(index => recovered.seats.includes(swarm.peers[index]?.peer ?? ''))
    if (left.length > 0) throw new Error('who is gone has a seat in the re-formed stage')
    const { resume } = recovered
    const certified = await swarm.waitFor(
      'round.certified',
      one => one.stage === STAGE && one.round >= resume && one.commits > 0,
      'the re-formed stage to do work',
      { since: mark, timeoutMs: PATIENCE_MS },
    )
    if (certified.round >= resume + ROUNDS)
      throw new Error(`its first work after round ${recovered.base} was round ${certified.round}, not ${resume}`)
    await swarm.certified(resume + ROUNDS, PATIENCE_MS)
    const running = [...swarm.indices(), ...swarm.spares()].filter(index => swarm.isRunning(index))
    await Promise.all(running.map(index => swarm.stop(index)))
    const { code, output, errors } = await verify(swarm)
    if (code !== 0) throw new Error(`verify ended with ${code}: ${output}\n${errors}`)
    const seconds = Math.round((certified.timeMs - lost.timeMs) / 1000)
    return `base round ${recovered.base}, resumed with ${resume}, first work in ${certified.round}, ${seconds} s after the first claim; verify ends with 0`
  } finally {
    await swarm.stopAll()
  }
}

async function withoutSpares(): Promise<string> {
  const swarm = await Swarm.create({ emptyBlockMs: 2_000, chain: CHAIN })
  try {
    await swarm.startAndTrain()
    const { mark } = swarm.log
    await loseTwo(swarm)
    const lost = await swarm.waitFor('stage.lost', one => one.stage === STAGE && one.needs > 0, 'what it needs', {
      since: mark,
      timeoutMs: PATIENCE_MS,
    })
    if (lost.needs !== 2) throw new Error(`it says that it needs ${lost.needs} peers`)
    const waiting = await swarm.waitFor('waiting', one => one.for.includes('lost its quorum'), 'it to be told', {
      since: mark,
      timeoutMs: PATIENCE_MS,
    })
    return `without a spare: '${waiting.for}'`
  } finally {
    await swarm.stopAll()
  }
}

async function loseTwo(swarm: Swarm): Promise<readonly number[]> {
  const victims = swarm.replicasOf(STAGE).slice(0, 2)
  await Promise.all(victims.map(index => swarm.kill(index)))
  return victims
}
