/** Runs `swarm-node <verb> ...` to its end. */
import { spawn } from 'node:child_process'
import { PROGRAM } from '../../../node/local/programs.ts'
import { trackProcess } from './leftovers.ts'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly errors: string
}

export interface Program {
  readonly pid: number
  readonly ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
}

export interface ProgramOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Called for each line of standard output. */
  readonly onLine?: (line: string) => void
}

/** Starts it and lets it run. */
export function startProgram(args: readonly string[], options: ProgramOptions = {}): Program {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: options.cwd,
    env: options.env ?? process.env,
  })
  trackProcess(child)
  let output = ''
  let errors = ''
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) options.onLine?.(line)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, output, errors }))
  })
  return { pid: child.pid ?? -1, ended, kill: signal => child.kill(signal) }
}

export function runProgram(args: readonly string[], options?: ProgramOptions): Promise<Ended> {
  return startProgram(args, options).ended
}
