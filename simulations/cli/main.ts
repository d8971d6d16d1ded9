/** The `swarm-sim` program's process: streams, signals, and the exit code. */
import { wantsColour } from '../../node/cli/projections/text.ts'
import { stopSignal } from '../../node/cli/stop-signal.ts'
import { EXIT } from './exit.ts'
import { swarmSim } from './program.ts'

const { stdout, stderr } = process

const code = await swarmSim(process.argv.slice(2), {
  print: text => stdout.write(`${text}\n`),
  complain: text => stderr.write(`${text}\n`),
  terminal: stderr.isTTY ? { write: text => stderr.write(text), columns: stderr.columns } : null,
  colours: wantsColour(stdout.isTTY === true, process.env),
  folder: process.cwd(),
  harness: process.env.SWARM_SIM_HARNESS ?? new URL('../index.ts', import.meta.url).href,
  signal: stopSignal(EXIT.unknown),
})
// Pipes are written asynchronously: leaving at once would cut long output.
stdout.write('', () => process.exit(code))
