/** Every planted bug is found within its seeds (test/mutants). */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { MAX_SEEDS, MUTANTS } from '../mutants/mutants.ts'
import type { LongCheck } from './types.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export const mutants: LongCheck = {
  name: 'mutants',
  claim: `the sweep finds each of ${MUTANTS.length} planted bugs within ${MAX_SEEDS} seeds`,
  async run() {
    const found: string[] = []
    const missed: string[] = []
    for (const { name } of MUTANTS) {
      const { stdout, stderr } = spawnSync(
        process.execPath,
        ['--import', './test/mutants/hook.ts', 'test/mutants/hunt.ts', name, String(MAX_SEEDS)],
        { cwd: ROOT, env: { ...process.env, MUTANT: name }, encoding: 'utf8' },
      )
      const seeds = /"seeds":(\d+)/.exec(stdout)?.[1]
      if (seeds === undefined) missed.push(`${name} ${stderr.slice(0, 200)}`)
      else found.push(`${name} ${seeds}`)
    }
    if (missed.length > 0) throw new Error(`not found: ${missed.join('; ')}`)
    return `seeds needed: ${found.join(', ')}`
  },
}
