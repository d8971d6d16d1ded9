/**
 * `swarm-node chain`: the embedded chain alone. It is a program of its own (its chain specification is GPL), so this verb
 * only finds and starts it.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Settings } from '../../config/options.ts'
import { EXIT } from '../exit.ts'

const PROGRAM = fileURLToPath(
  new URL(import.meta.url.includes('/chunks/') ? '../chain.js' : './chain.js', import.meta.url),
)

export async function run(settings: Settings, stop: AbortSignal): Promise<number> {
  const flags = ['data', 'port', 'accounts', 'min-block-ms', 'empty-block-ms', 'finality-lag'] as const
  const args = flags.flatMap(flag => (settings[flag] === undefined ? [] : [`--${flag}`, String(settings[flag])]))
  // It watches its standard input, which is a pipe of ours, so it ends when we do, however that happens.
  const child = spawn(process.execPath, [PROGRAM, ...args, '--parent-stdin'], { stdio: ['pipe', 'inherit', 'inherit'] })
  if (settings['parent-stdin'] === true) process.stdin.pipe(child.stdin)
  stop.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => resolve(code ?? (stop.aborted ? EXIT.ok : EXIT.internal)))
  })
}
