/**
 * `node test/side-by-side.ts`: the unit tests beside a sweep of the standard simulations, which takes what they leave of the
 * machine, and all of it once they are done. The sweep's output follows the tests'; both must pass.
 */
import { spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SWEEP_TIME = '5m'

interface Finished {
  readonly code: number
  readonly output: string
}

const UNIT = ['node_modules/mocha/bin/mocha.js']
const SWEEP = ['simulations/cli/main.ts', 'sweep', 'standard', '--time', SWEEP_TIME]

function run(args: readonly string[], shows: boolean): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', shows ? 'inherit' : 'pipe', 'pipe'] })
    // Its processes inherit it. Tests have time-outs, a sweep has none.
    if (!shows && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL)
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', text => (output += text))
    child.stderr?.setEncoding('utf8').on('data', text => {
      if (shows) process.stderr.write(text)
      else output += text
    })
    child.once('error', reject)
    // Null where a signal ended it: that is a failure too.
    child.once('close', code => resolve({ code: code ?? 1, output }))
  })
}

const [unit, sweep] = await Promise.all([run(UNIT, true), run(SWEEP, false)])
console.log(sweep.output)
if (unit.code !== 0) console.error(`The unit tests failed with ${unit.code}.`)
if (sweep.code !== 0) console.error(`The sweep of the standard simulations ended with ${sweep.code}.`)
process.exitCode = unit.code || sweep.code
