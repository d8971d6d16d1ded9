/** Before all tests with real processes: the programs they start must be those of the sources. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from '../../../node/bundle.ts'
import { PROGRAM } from '../../../node/local/programs.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SOURCES = ['node', 'protocols', 'consensus']

export async function mochaGlobalSetup(): Promise<void> {
  if (!existsSync(PROGRAM) || statSync(PROGRAM).mtimeMs < newestSourceMs()) await bundle()
}

function newestSourceMs(): number {
  const files = SOURCES.flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name)),
  )
  return Math.max(...files.map(file => statSync(file).mtimeMs))
}
