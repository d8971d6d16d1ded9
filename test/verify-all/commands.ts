/** Runs the real program and gives back its events and how it ended. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isNodeEvent, type NodeEvent } from '../../node/events/types.ts'

const PROGRAM = fileURLToPath(new URL('../../dist/swarm-node.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly events: readonly NodeEvent[]
  readonly stderr: string
}

export async function swarmNode(
  args: readonly string[],
  onEvent: (event: NodeEvent) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const events: NodeEvent[] = []
  let stderr = ''
  child.stderr.on('data', chunk => {
    stderr += String(chunk)
  })
  createInterface({ input: child.stdout }).on('line', line => {
    if (!line.startsWith('{')) return
    const message: unknown = JSON.parse(line)
    if (typeof message !== 'object' || message === null || !isNodeEvent(message)) return
    events.push(message)
    onEvent(message)
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { code, events, stderr }
}

/** A command of this repository, with its output shown; rejects where it fails. */
export async function command(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', chunk => {
    output += String(chunk)
    process.stderr.write(chunk)
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`)
  return output
}
