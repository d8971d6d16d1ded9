/** What the tool works on. `index.ts` exports the real one; tests hand in small ones by their address. */
import type { Checker } from './checkers/types.ts'
import type { ConcreteScenario, Scenario, Tier } from './scenario/types.ts'
import type { SimulationTier } from './tier.ts'

export interface Named {
  readonly name: string
  readonly about: string
}

export interface Harness {
  readonly scenarios: readonly Scenario[]
  /** Names that mean another scenario for each seed; `standard` is what CI sweeps. */
  readonly mixes: readonly string[]
  readonly checkers: readonly Checker[]
  readonly faults: readonly Named[]
  readonly attackers: readonly Named[]
  /** "Sometimes" assertions. */
  readonly states: readonly Named[]
  /** @throws Error where the tier is not there */
  tier(tier: Tier): Promise<SimulationTier>
  /** @throws Error that names the field */
  parse(value: unknown): Scenario | ConcreteScenario
  draw(scenario: Scenario, seed: number): ConcreteScenario
  /** Of a name of either kind; null where it is none. */
  scenarioOf(name: string, seed: number): Scenario | null
  /** Takes in what somebody wrote beside the library, for this process. @throws Error where it is no extension, or a name is taken */
  extend(extension: unknown): void
}

/** Where a harness comes from: also a process that runs seeds for another one can load it. */
export interface HarnessSource {
  /** Module that exports `harness`. */
  readonly address: string
  /** Modules whose default export is an `Extension` of it (extend.ts). */
  readonly extensions: readonly string[]
}

export async function loadHarness({ address, extensions }: HarnessSource): Promise<Harness> {
  const module: { harness?: Harness } = await import(address)
  if (module.harness === undefined) throw new Error(`${address} exports no harness`)
  for (const extension of extensions) {
    const loaded: { default?: unknown } = await import(extension)
    module.harness.extend(loaded.default)
  }
  return module.harness
}
