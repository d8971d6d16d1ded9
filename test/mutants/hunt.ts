/** Sweeps the scenarios of one mutant until a promise is broken: `node --import ./test/mutants/hook.ts test/mutants/hunt.ts NAME SEEDS`. */
import { loadKernels } from '../../node/engine/kernels/index.ts'
import { drawScenario } from '../../simulations/scenario/draw.ts'
import { scenarioOf } from '../../simulations/scenarios/index.ts'
import { runTier0 } from '../../simulations/tier0/index.ts'
import { MAX_SEEDS, MUTANTS } from './mutants.ts'

export interface Hunted {
  readonly mutant: string
  /** Seeds that it took; null where they were not enough. */
  readonly seeds: number | null
  readonly scenario: string | null
  readonly checker: string | null
}

const [name, most = String(MAX_SEEDS), only] = process.argv.slice(2)
const mutant = MUTANTS.find(one => one.name === name)
if (mutant === undefined) throw new Error(`no mutant ${name}`)
const kernels = await loadKernels()
const { signal } = new AbortController()

function hunt(): Hunted {
  const scenarios = only === undefined ? (mutant?.scenarios ?? []) : [only]
  for (let seed = 1; seed <= Number(most); seed++) {
    for (const scenario of scenarios) {
      const drawn = scenarioOf(scenario, seed)
      if (drawn === null) throw new Error(`no scenario ${scenario}`)
      const { verdict } = runTier0(drawScenario(drawn, seed), { signal }, kernels)
      const [first] = verdict.violations
      if (first !== undefined) return { mutant: name ?? '', seeds: seed, scenario, checker: first.checker }
    }
  }
  return { mutant: name ?? '', seeds: null, scenario: null, checker: null }
}

process.stdout.write(`${JSON.stringify(hunt())}\n`)
