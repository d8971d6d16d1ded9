/** Planted bugs are found by the sweep, and shrink to little: else the harness proves nothing. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ConcreteScenario } from '../../simulations/scenario/types.ts'
import type { Hunted } from '../mutants/hunt.ts'
import { MAX_SEEDS, MUTANTS } from '../mutants/mutants.ts'
import type { LongCheck } from './types.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const MOST = { faults: 3, peers: 5, seconds: 60 }

/** Runs a program of the repository with a mutant's patches; its one line of JSON, whatever its exit code. */
async function withMutant<Result>(mutant: string, ...args: readonly string[]): Promise<Result> {
  const options = { cwd: root, env: { ...process.env, MUTANT: mutant }, maxBuffer: 2 ** 26 }
  const run = promisify(execFile)(process.execPath, ['--import', './test/mutants/hook.ts', ...args], options)
  const { stdout } = await run.catch((error: { stdout?: string; stderr?: string }) => {
    // A violation is what is wanted, and exit 1.
    if (error.stdout?.startsWith('{')) return { stdout: error.stdout }
    throw new Error(`${mutant}: ${error.stderr ?? String(error)}`)
  })
  return JSON.parse(stdout)
}

export const mutants: LongCheck = {
  name: 'mutants',
  claim: `each of ${MUTANTS.length} planted bugs is found within ${MAX_SEEDS} seeds, and ends at ${MOST.faults} faults and ${MOST.peers} peers or less within ${MOST.seconds} s`,
  async run() {
    const seen: string[] = []
    const failed: string[] = []
    for (const { name } of MUTANTS) {
      const { seeds, scenario } = await withMutant<Hunted>(name, 'test/mutants/hunt.ts', name)
      if (seeds === null || scenario === null) {
        failed.push(`${name} is not found`)
        continue
      }
      const { size, isSmall } = await shrunk(name, `${scenario}:${seeds}`)
      seen.push(`${name}: seed ${seeds}, ${size}`)
      if (!isSmall) failed.push(`${name} does not shrink: ${size}`)
    }
    if (failed.length > 0) throw new Error([...failed, ...seen].join('; '))
    return seen.join('; ')
  },
}

async function shrunk(mutant: string, run: string): Promise<{ size: string; isSmall: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-mutant-'))
  try {
    const words = ['shrink', run, '--time', `${MOST.seconds}s`, '--out', join(folder, 'small.json'), '--json']
    const { scenario } = await withMutant<{ scenario: ConcreteScenario }>(mutant, 'simulations/cli/main.ts', ...words)
    const peers = scenario.swarm.stages * scenario.swarm.replicas
    const faults = scenario.faults.length
    return { size: `${faults} faults, ${peers} peers`, isSmall: faults <= MOST.faults && peers <= MOST.peers }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
