/** Who made a trace: results are only as old as the code that gave them. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TRACE_VERSION } from './trace/recorder.ts'

export { TRACE_VERSION }

export interface Maker {
  readonly trace: number
  readonly program: string
  /** Short, with `+` where the files differ from it; 'unknown' outside a repository. */
  readonly commit: string
  readonly node: string
}

let known: Maker | null = null

export function thisMaker(): Maker {
  known ??= { trace: TRACE_VERSION, program: programVersion(), commit: commitOf(), node: process.version }
  return known
}

function programVersion(): string {
  const file: { version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return file.version
}

function commitOf(): string {
  // An image that is built from the sources has no repository.
  const given = process.env.SWARM_SIM_COMMIT ?? ''
  if (given !== '') return given
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    const isChanged = git('status', '--porcelain', '--untracked-files=no') !== ''
    return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? '+' : ''}`
  } catch {
    // No git, or no repository: the program's version must do.
    return 'unknown'
  }
}
