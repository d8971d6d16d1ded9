/** The main job as a new user runs it, to its end, then verified against the chain. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeEvent } from '../../node/events/types.ts'
import { chainArguments, PROGRAM } from '../../node/local/programs.ts'
import { swarmFolder } from '../../node/run/folder.ts'
import { swarmNode } from './commands.ts'
import type { LongCheck } from './types.ts'

/** Nats a byte: what counting triples of letters reaches on this book. */
const TRIGRAM = 1.96

export const defaultRun: LongCheck = {
  name: 'default run',
  claim: 'npm start ends by itself below 1.96 nats a byte held out, and swarm-node verify confirms all of it',
  async run() {
    const data = mkdtempSync(join(tmpdir(), 'swarm-verify-all-'))
    try {
      const { code, events, stderr } = await swarmNode(['up', '--json', '--data', data])
      if (code !== 0) throw new Error(`up ended with ${code}: ${stderr}`)
      const summary = summaryOf(events)
      const { first, last } = summary.heldOut
      if (last === null || last >= TRIGRAM) throw new Error(`held-out loss ${last}`)
      const verified = await verifyFolder(data)
      return [
        `${summary.rounds.certified} rounds certified, ${summary.rounds.final} final`,
        `held-out ${first?.toFixed(3)} -> ${last.toFixed(3)} nats a byte`,
        `${Math.round(summary.tokensPerSecond)} tokens/s over ${Math.round(summary.seconds)} s`,
        verified,
      ].join('; ')
    } finally {
      rmSync(data, { recursive: true, force: true })
    }
  },
}

export function summaryOf(events: readonly NodeEvent[]): Extract<NodeEvent, { event: 'summary' }> {
  const summary = events.find(event => event.event === 'summary')
  if (summary === undefined) throw new Error('no summary')
  return summary
}

/** Starts the folder's chain again and lets `swarm-node verify` judge. */
export async function verifyFolder(data: string): Promise<string> {
  const folder = swarmFolder(data)
  const chain = spawn(process.execPath, [PROGRAM, 'chain', ...chainArguments(folder, 0)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const url = await new Promise<string>((resolve, reject) => {
      chain.once('exit', code => reject(new Error(`the chain ended with ${code}`)))
      chain.stdout.on('data', chunk => {
        const found = /"url":"(ws:[^"]+)"/.exec(String(chunk))?.[1]
        if (found !== undefined) resolve(found)
      })
    })
    const { code, stderr } = await swarmNode(['verify', '--json', '--data', data, '--chain', url])
    if (code !== 0) throw new Error(`verify ended with ${code}: ${stderr}`)
    return 'verify: exit 0'
  } finally {
    chain.kill('SIGTERM')
  }
}
