/** `swarm-sim` without its process: finds the verb, runs it, and turns every end into an exit code. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { painter } from '../../node/cli/projections/text.ts'
import { asksForVersion, PROGRAM_VERSION } from '../../node/config/version.ts'
import { type Harness, type HarnessSource, loadHarness } from '../harness.ts'
import type { VerbProgram } from './call.ts'
import { EXIT, SimError } from './exit.ts'
import { helpText } from './help.ts'
import type { Settings, Verb } from './options.ts'
import { parseCommand } from './parse.ts'
import type { Surroundings } from './surroundings.ts'

/** One file a verb; loaded when asked for. */
const PROGRAMS: Record<Verb, () => Promise<{ run: VerbProgram }>> = {
  run: () => import('./verbs/run.ts'),
  sweep: () => import('./verbs/sweep.ts'),
  replay: () => import('./verbs/replay.ts'),
  shrink: () => import('./verbs/shrink.ts'),
  compare: () => import('./verbs/compare.ts'),
  attacks: () => import('./verbs/attacks.ts'),
  pipeline: () => import('./verbs/pipeline.ts'),
  scale: () => import('./verbs/scale.ts'),
  determinism: () => import('./verbs/determinism.ts'),
  merge: () => import('./verbs/merge.ts'),
  list: () => import('./verbs/list.ts'),
  explain: () => import('./verbs/explain.ts'),
}

export async function swarmSim(args: readonly string[], surroundings: Surroundings): Promise<number> {
  if (asksForVersion(args)) {
    surroundings.print(`swarm-sim ${PROGRAM_VERSION}`)
    return EXIT.valid
  }
  try {
    const command = parseCommand(args)
    if ('help' in command) {
      surroundings.print(helpText(command.help))
      return EXIT.valid
    }
    const { verb, words, settings } = command
    const program = await PROGRAMS[verb]()
    const source = { address: surroundings.harness, extensions: extensionsOf(settings, surroundings) }
    const harness = await loadExtended(source)
    return await program.run({ words, settings, harness, source, surroundings, paint: painter(surroundings.colours) })
  } catch (error) {
    surroundings.complain(errorText(error, surroundings.signal))
    return EXIT.unknown
  }
}

function extensionsOf(settings: Settings, { folder }: Surroundings): string[] {
  const given = settings.with?.split(',').filter(path => path !== '') ?? []
  return given.map(path => (path.startsWith('file:') ? path : pathToFileURL(resolve(folder, path)).href))
}

async function loadExtended(source: HarnessSource): Promise<Harness> {
  try {
    return await loadHarness(source)
  } catch (cause) {
    if (source.extensions.length === 0) throw cause
    const message = `cannot take in ${source.extensions.join(', ')}: ${(cause as Error).message}`
    throw new SimError(message, 'docs/research/README.md says what such a file holds', { cause })
  }
}

function errorText(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'stopped before it was done\nNext: the same command again'
  if (error instanceof SimError) return `${error.message.replace(/\s*\n\s*/g, ' ')}\nNext: ${error.next}`
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `internal error: ${trace}\nNext: report this with the command and the seed`
}
