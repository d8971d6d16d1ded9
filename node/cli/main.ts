/** The `swarm-node` program: finds the verb, runs it, and turns every end into one line and an exit code. */
import { helpText } from '../config/help.ts'
import type { Settings, Verb } from '../config/options.ts'
import { parseCommand } from '../config/parse.ts'
import { EXIT, ExitError } from './exit.ts'
import { endWithWrapper } from './lifetime.ts'

/** A verb: resolves with the exit code. `stop` fires at the first Ctrl-C or SIGTERM. */
export type VerbProgram = (settings: Settings, stop: AbortSignal) => Promise<number>

/** One file a verb; loaded when asked for, because each pulls in only what it needs. */
const PROGRAMS: Record<Verb, () => Promise<{ run: VerbProgram }>> = {
  up: () => import('./verbs/up.ts'),
  join: () => import('./verbs/join.ts'),
  verify: () => import('./verbs/verify.ts'),
  chain: () => import('./verbs/chain.ts'),
  bond: () => import('./verbs/bond.ts'),
  export: () => import('./verbs/export.ts'),
}

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2), process.env)
  if ('help' in command) {
    console.log(helpText(command.help))
    return EXIT.ok
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // A second signal is impatience: end at once. The journal is written ahead, so nothing certified is lost.
      if (stop.signal.aborted) process.exit(EXIT.internal)
      stop.abort(new Error(signal))
    })
  }
  const program = await PROGRAMS[command.verb]()
  return await program.run(command.settings, stop.signal)
}

function report(error: unknown): number {
  if (error instanceof ExitError) {
    console.error(`${error.message}\nNext: ${error.next}`)
    return EXIT[error.exit]
  }
  console.error(`internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  console.error('Next: report this with the log in the data folder')
  return EXIT.internal
}

endWithWrapper()
main()
  .catch(report)
  .then(code => {
    process.exit(code)
  })
