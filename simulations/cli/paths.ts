/** Where runs are written. */
import { join, relative, resolve } from 'node:path'
import { DEFAULT_FOLDER } from '../report/folder.ts'
import type { ConcreteScenario } from '../scenario/types.ts'
import type { Call } from './call.ts'

/** The folder of a run where --save or --out asks for one, else null. */
export function folderFor({ settings, surroundings }: Call, scenario: ConcreteScenario): string | null {
  if (settings.out !== undefined) return resolve(surroundings.folder, settings.out)
  return settings.save ? join(surroundings.folder, DEFAULT_FOLDER, runName(scenario)) : null
}

/** The folder that holds the runs of a sweep. */
export function runsFolder({ settings, surroundings }: Call): string {
  return resolve(surroundings.folder, settings.out ?? DEFAULT_FOLDER)
}

export function runName({ name, seed }: ConcreteScenario): string {
  return `${name}-${seed}`
}

/** From where the user stands. */
export function shownPath({ surroundings }: Call, path: string): string {
  const short = relative(surroundings.folder, path)
  return short.startsWith('..') ? path : `./${short}`
}
