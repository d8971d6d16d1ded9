/** The `swarm-sim` program's process: streams, signals, and the exit code. */
import { wantsColour } from '../../node/cli/projections/text.ts'
import { EXIT } from './exit.ts'
import { swarmSim } from './program.ts'

/** A terminal's Ctrl-C reaches npm, a wrapper and this program, and those pass it on: one key press, several signals. */
const ONE_PRESS_MS = 1000

/** Fires at the first Ctrl-C or SIGTERM, and where nobody reads the output any more; a later Ctrl-C ends at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  let abortedMs = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const nowMs = performance.now()
      if (stop.signal.aborted && nowMs - abortedMs >= ONE_PRESS_MS) process.exit(EXIT.unknown)
      if (stop.signal.aborted) return
      abortedMs = nowMs
      stop.abort(new Error(signal))
    })
  }
  process.stdout.on('error', error => stop.abort(error))
  return stop.signal
}

const { stdout, stderr } = process

const code = await swarmSim(process.argv.slice(2), {
  print: text => stdout.write(`${text}\n`),
  complain: text => stderr.write(`${text}\n`),
  terminal: stderr.isTTY ? { write: text => stderr.write(text), columns: stderr.columns } : null,
  colours: wantsColour(stdout.isTTY === true, process.env),
  folder: process.cwd(),
  harness: process.env.SWARM_SIM_HARNESS ?? new URL('../index.ts', import.meta.url).href,
  signal: stopSignal(),
})
// Pipes are written asynchronously: leaving at once would cut long output.
stdout.write('', () => process.exit(code))
