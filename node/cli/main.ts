/** The `swarm-node` program: finds the verb, runs it, and turns every end into one line and an exit code. */
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { helpText } from '../config/help.ts'
import type { Settings, Verb } from '../config/options.ts'
import { parseCommand } from '../config/parse.ts'
import { asksForVersion, PROGRAM_NAME, PROGRAM_VERSION } from '../config/version.ts'
import { EXIT, ExitError } from './exit.ts'
import { endWithWrapper } from './lifetime.ts'
import { stopSignal } from './stop-signal.ts'

/** A verb: resolves with the exit code. `stop` fires at the first Ctrl-C or SIGTERM. */
export type VerbProgram = (settings: Settings, stop: AbortSignal) => Promise<number>

/** One file a verb; loaded when asked for, because each pulls in only what it needs. */
const PROGRAMS: Record<Verb, () => Promise<{ run: VerbProgram }>> = {
  up: () => import('./verbs/up.ts'),
  join: () => import('./verbs/join.ts'),
  pause: () => import('./verbs/pause.ts'),
  leave: () => import('./verbs/leave.ts'),
  status: () => import('./verbs/status.ts'),
  verify: () => import('./verbs/verify.ts'),
  chain: () => import('./verbs/chain.ts'),
  bond: () => import('./verbs/bond.ts'),
  export: () => import('./verbs/export.ts'),
}

/**
 * What V8 compiled is kept beside the program, where that can be written, for the next start: eight peers compile the same
 * 4 MB. By version and flags; whoever ends first writes it. Only beside the bundle: sources are nobody's place for it.
 */
const COMPILED = import.meta.url.endsWith('.js') ? fileURLToPath(new URL('compiled', import.meta.url)) : null

async function main(): Promise<number> {
  if (COMPILED !== null) enableCompileCache(COMPILED)
  const args = process.argv.slice(2)
  if (asksForVersion(args)) {
    console.log(`${PROGRAM_NAME} ${PROGRAM_VERSION}`)
    return EXIT.ok
  }
  const command = parseCommand(args, process.env)
  if ('help' in command) {
    console.log(helpText(command.help))
    return EXIT.ok
  }
  const stop = stopSignal(EXIT.internal)
  const program = await PROGRAMS[command.verb]()
  try {
    return await program.run(command.settings, stop)
  } catch (error) {
    if (!stop.aborted || error !== stop.reason) throw error
    throw new ExitError('internal', `'${command.verb}' was stopped before it was done`, 'the same command again')
  }
}

function report(error: unknown): number {
  if (error instanceof ExitError) {
    console.error(`${error.message.replace(/\s*\n\s*/g, ' ')}\nNext: ${error.next}`)
    return EXIT[error.exit]
  }
  console.error(`internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  console.error('Next: report this with the log in the data folder')
  return EXIT.internal
}

// A bug must not look like the 1 that `verify` ends with.
process.on('uncaughtException', error => process.exit(report(error)))
endWithWrapper()
main()
  .catch(report)
  .then(code => {
    process.exit(code)
  })
