/** Two machines that run one peer's key: the later one follows without signing; two that start together are found out. */
import { expectOneHistory, Swarm } from '../e2e/harness/index.ts'
import type { LongCheck } from './types.ts'

const VICTIM = 3
/** Certified while both run: in some of them the first one is not among the signers. */
const ROUNDS = 12
const TIMEOUTS = { proposeMs: 1_000, voteMs: 500, graceCapMs: 300, reduceMs: 400, hopMs: 2_000 }

export const oneKey: LongCheck = {
  name: 'one key',
  claim: `of two machines with one key the later one signs nothing through ${ROUNDS} rounds, and nobody is accused; two that start together are found out by their signatures, or one of them sees those of the other, and signs again once that is gone`,
  async run() {
    return `${await later()}; ${await together()}`
  },
}

async function later(): Promise<string> {
  const swarm = await Swarm.create({ stages: 1, timeouts: TIMEOUTS })
  try {
    await swarm.startAndTrain()
    const double = await swarm.double(VICTIM, { withData: false })
    const before = swarm.certifiedRound()
    swarm.start([double])
    await swarm.waitFor('suspended', ({ peerIndex }) => peerIndex === double, 'the second machine to sign nothing')
    const at = swarm.certifiedRound()
    await swarm.certified(at + ROUNDS)
    const resumed = swarm.log.of('resumed', { by: double })
    if (resumed.length > 0) throw new Error(`the second machine signs from round ${resumed[0]?.round} on`)
    const accused = swarm.log.of('evidence')
    if (accused.length > 0) throw new Error(`${accused[0]?.peer} is accused of ${accused[0]?.kind}`)
    const signed = swarm.log.of('round.certified').filter(({ round, signers }) => {
      return round > at && signers.includes(swarm.peers[VICTIM]?.peer ?? '')
    })
    if (signed.length === 0) throw new Error('the first machine was not heard any more')
    expectOneHistory(swarm)
    return `the second machine signs nothing ${at - before} rounds after it was started, and through ${ROUNDS} more`
  } finally {
    await swarm.stopAll()
  }
}

async function together(): Promise<string> {
  const swarm = await Swarm.create({ stages: 1, timeouts: TIMEOUTS })
  try {
    await swarm.startAndTrain()
    await swarm.kill(VICTIM)
    const double = await swarm.double(VICTIM, { withData: true })
    const since = swarm.log.mark
    swarm.start([VICTIM, double])
    const proven = (): string | undefined => swarm.log.of('evidence', { since })[0]?.kind
    const found = await swarm.until(() => {
      const [suspended] = swarm.log.of('suspended', { since })
      if (proven() !== undefined) return `${proven()} is proven`
      if (suspended === undefined) return undefined
      const [first] = swarm.log.of('round.started', { since, by: suspended.peerIndex })
      const after = first === undefined ? 'before its first' : `${swarm.certifiedRound() - first.round} after its first`
      return `one of them follows (${suspended.reason}, in round ${swarm.certifiedRound()}, ${after})`
    }, 'the two to be found out')
    await swarm.certified(swarm.certifiedRound() + 3)
    const alone = proven() === undefined ? await leftAlone(swarm, double, since) : 'its seat is to go'
    const others = swarm.log.of('evidence').filter(({ peer }) => peer !== swarm.peers[VICTIM]?.peer)
    if (others.length > 0) throw new Error(`${others[0]?.peer} is accused of ${others[0]?.kind}`)
    expectOneHistory(swarm)
    return `of two that started together ${found}; ${alone}`
  } finally {
    await swarm.stopAll()
  }
}

/** Ends the machine that signs: the one that follows signs again, unless the two have contradicted each other before. */
async function leftAlone(swarm: Swarm, double: number, since: number): Promise<string> {
  const machines = [VICTIM, double]
  const follows = (by: number): boolean =>
    swarm.log.of('suspended', { since, by }).length > swarm.log.of('resumed', { since, by }).length
  const signing = await swarm.until(() => {
    const [one, ...more] = machines.filter(by => !follows(by))
    return more.length === 0 ? one : undefined
  }, 'one of the two to sign and the other to follow')
  const other = machines.find(by => by !== signing) ?? double
  const mark = swarm.log.mark
  await swarm.kill(signing)
  const at = swarm.certifiedRound()
  return swarm.until(() => {
    if (swarm.log.of('evidence', { since }).length > 0) return 'they have contradicted each other since'
    const [resumed] = swarm.log.of('resumed', { since: mark, by: other })
    if (resumed === undefined) return undefined
    return `it signs again ${resumed.round - at} rounds after the other was killed`
  }, 'the one that is left to sign again')
}
