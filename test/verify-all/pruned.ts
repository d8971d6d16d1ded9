/** Real peers that keep few rounds: their disks stay bounded, and who comes late or starts again still finds the history. */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ROUNDS_FOLDER } from '../../node/export/history.ts'
import { CERTIFICATES_A_SEGMENT } from '../../node/journal/constants.ts'
import { expectOneHistory, Swarm, verify } from '../e2e/harness/index.ts'
import type { LongCheck } from './types.ts'

const KEEP_ROUNDS = 64
/** Until one file of certificates is gone, and until a second one is. */
const FIRST = CERTIFICATES_A_SEGMENT + 2 * KEEP_ROUNDS
const SECOND = FIRST + CERTIFICATES_A_SEGMENT
/** For that many rounds on a busy machine. */
const PATIENCE_MS = 900_000

export const pruned: LongCheck = {
  name: 'pruned',
  claim: `peers that keep ${KEEP_ROUNDS} rounds stay at a bounded disk; one with an empty disk joins them by an anchored round and a snapshot; stopped as a whole they go on; verify holds`,
  async run() {
    const swarm = await Swarm.create({ stages: 1, chain: { anchorEvery: 4, rootEvery: 8 } })
    try {
      return await prune(swarm)
    } finally {
      await swarm.stopAll()
    }
  },
}

async function prune(swarm: Swarm): Promise<string> {
  await swarm.startAndTrain({ keepRounds: KEEP_ROUNDS })
  await swarm.certified(FIRST, PATIENCE_MS)
  const [victim = 0, ...others] = swarm.indices()
  const before = Math.max(...others.map(index => certificateBytes(swarm, index)))
  await swarm.kill(victim)
  rmSync(join(swarm.peers[victim]!.folder, ROUNDS_FOLDER), { recursive: true })
  const since = swarm.log.mark
  swarm.start([victim], { keepRounds: KEEP_ROUNDS })
  await swarm.waitFor(
    'synced',
    event => event.peerIndex === victim && event.by === 'snapshot',
    'the peer with an empty disk to take a snapshot',
    { since },
  )
  await swarm.certified(SECOND, PATIENCE_MS)
  const after = Math.max(...others.map(index => certificateBytes(swarm, index)))
  if (after > 1.25 * before) throw new Error(`certificates grew from ${before} to ${after} bytes`)
  await Promise.all(swarm.indices().map(index => swarm.stop(index)))
  const stopped = swarm.certifiedRound()
  const again = swarm.log.mark
  swarm.start(undefined, { keepRounds: KEEP_ROUNDS })
  await swarm.until(() => swarm.certifiedOf(0, again) >= stopped + 2, 'the stopped run to go on', PATIENCE_MS)
  await Promise.all(swarm.indices().map(index => swarm.stop(index)))
  expectOneHistory(swarm)
  const { code, output, errors } = await verify(swarm)
  if (code !== 0) throw new Error(`verify ended with ${code}: ${output}\n${errors}`)
  const from = /rounds linked: ([^"]*)"/.exec(output)?.[1] ?? 'from the initial state, so nothing was pruned'
  return `certificates of a peer: ${before} bytes at round ${FIRST}, ${after} at ${SECOND}; ${from}`
}

function certificateBytes(swarm: Swarm, index: number): number {
  const folder = join(swarm.peers[index]!.folder, ROUNDS_FOLDER)
  const files = readdirSync(folder).filter(name => name.startsWith('certificates-'))
  return files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}
