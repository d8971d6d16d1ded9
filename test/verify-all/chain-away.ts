/** A chain that is away for longer than anybody waits for an answer, and real peers that go on without it. */
import { setTimeout as delay } from 'node:timers/promises'
import { expectOneHistory, Swarm, verify } from '../e2e/harness/index.ts'
import type { LongCheck } from './types.ts'

const AWAY_MS = 75_000
const ANCHOR_EVERY = 4

export const chainAway: LongCheck = {
  name: 'chain away',
  claim: `with a chain that is away for ${AWAY_MS / 1000} s training goes on, each peer says so once, and afterwards the newest link of each stage alone is posted`,
  async run() {
    const swarm = await Swarm.create({ chain: { anchorEvery: ANCHOR_EVERY } })
    try {
      return await goOnWithout(swarm)
    } finally {
      swarm.signalChain('SIGCONT')
      await swarm.stopAll()
    }
  },
}

async function goOnWithout(swarm: Swarm): Promise<string> {
  await swarm.startAndTrain()
  await swarm.certified(ANCHOR_EVERY)
  for (const stage of swarm.stages())
    await swarm.waitFor('round.anchored', event => event.stage === stage, `an anchor of stage ${stage}`)
  swarm.signalChain('SIGSTOP')
  const gone = swarm.log.mark
  const before = swarm.certifiedRound()
  const stoppedMs = Date.now()
  await delay(AWAY_MS)
  const during = swarm.certifiedRound()
  const back = swarm.log.mark
  swarm.signalChain('SIGCONT')
  const ends = await Promise.all(
    swarm
      .stages()
      .map(stage => newestLink(swarm, stage, { during, back, underWay: certifiedBy(swarm, stage, stoppedMs) })),
  )
  const peers = swarm.indices()
  const told = (name: 'chain.away' | 'chain.back') =>
    peers.map(by => swarm.log.of(name, { by, since: gone }).length).join(',')
  const once = peers.map(() => 1).join(',')
  await swarm
    .until(() => !told('chain.back').includes('0'), 'every peer to say that the chain is back', 30_000)
    .catch(() => undefined)
  if (told('chain.away') !== once || told('chain.back') !== once)
    throw new Error(`peers said that it is away ${told('chain.away')} times, and back ${told('chain.back')} times`)
  if (during - before < 2 * ANCHOR_EVERY) throw new Error(`only ${during - before} rounds without the chain`)
  const warnings = swarm.log.of('warning', { since: gone }).length
  await Promise.all(peers.map(index => swarm.stop(index)))
  expectOneHistory(swarm)
  const { code, output, errors } = await verify(swarm)
  if (code !== 0) throw new Error(`verify ended with ${code}: ${output}\n${errors}`)
  return `${during - before} rounds without the chain; ${ends.join('; ')}; ${warnings} warnings of ${peers.length} peers; verify ends with 0`
}

/** What a stage had certified at a time; its peers' words may arrive here later. */
function certifiedBy(swarm: Swarm, stage: number, timeMs: number): number {
  const events = swarm.log.of('round.certified').filter(event => event.stage === stage && event.timeMs <= timeMs)
  return Math.max(0, ...events.map(event => event.round))
}

interface Outage {
  /** Certified round when it ended. */
  readonly during: number
  /** Mark of the log when it ended. */
  readonly back: number
  /** Certified round of the stage when it began: an anchor up to here may have been with the chain already. */
  readonly underWay: number
}

/** The stage's first anchor after the return covers all of the outage but for what was due just then. */
async function newestLink(swarm: Swarm, stage: number, { during, back, underWay }: Outage): Promise<string> {
  const first = await swarm.waitFor(
    'round.anchored',
    event => event.stage === stage && event.to > during - 2 * ANCHOR_EVERY,
    `the newest link of stage ${stage} to become final`,
    { since: back },
  )
  const others = swarm.log
    .of('round.anchored', { since: back })
    .filter(event => event.stage === stage && event.peerIndex === first.peerIndex)
    .filter(event => event.to < first.to && event.to > underWay)
  if (others.length > 0) {
    const rounds = others.map(event => event.to).join(', ')
    throw new Error(
      `stage ${stage} anchored ${rounds} besides ${first.to}; it had certified ${underWay} at the stop and ${during} at the end`,
    )
  }
  return `stage ${stage} anchored ${first.from} to ${first.to}`
}
