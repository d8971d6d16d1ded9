/** The larger preset on the same programs: 38 M parameters in 2 stages of 4 replicas. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { swarmNode } from './commands.ts'
import { summaryOf, verifyFolder } from './default-run.ts'
import type { LongCheck } from './types.ts'

const ROUNDS = 3
/** Half of the default: a round of 38 M parameters on two cores takes long enough. */
const TARGET = 4

export const gptSmall: LongCheck = {
  name: 'gpt-small',
  claim: `gpt-small (12 layers, d512) trains ${ROUNDS} certified rounds, and swarm-node verify confirms them`,
  async run() {
    const data = mkdtempSync(join(tmpdir(), 'swarm-gpt-small-'))
    try {
      const args = [
        'up',
        '--json',
        '--data',
        data,
        '--model',
        'gpt-small',
        '--rounds',
        String(ROUNDS),
        '--target',
        String(TARGET),
      ]
      const { code, events, stderr } = await swarmNode(args)
      if (code !== 0) throw new Error(`up ended with ${code}: ${stderr}`)
      const { rounds, tokensPerSecond, seconds } = summaryOf(events)
      if (rounds.certified < ROUNDS) throw new Error(`only ${rounds.certified} rounds were certified`)
      const empty = events.filter(event => event.event === 'round.certified' && event.commits === 0)
      if (empty.length > 0) throw new Error(`${empty.length} rounds were decided without a commitment`)
      const losses = events.flatMap(event => (event.event === 'loss' ? [event.train.toFixed(2)] : []))
      return [
        `${rounds.certified} rounds certified in ${Math.round(seconds)} s`,
        `${Math.round(tokensPerSecond)} tokens/s`,
        `training loss ${losses.join(', ')}`,
        await verifyFolder(data),
      ].join('; ')
    } finally {
      rmSync(data, { recursive: true, force: true })
    }
  },
}
