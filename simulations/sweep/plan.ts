/** Which seed runs which scenario, and which machine runs which seed. */
import type { Shard } from '../cli/options.ts'

/** The scenario that a seed is dealt to: in turn, so that a bare seed says everything. */
export function dealt<Scenario>(scenarios: readonly Scenario[], seed: number): Scenario {
  const scenario = scenarios[seed % scenarios.length]
  if (scenario === undefined) throw new Error('a sweep needs a scenario')
  return scenario
}

/**
 * The seeds of one shard, in order. They are dealt to the shards in runs of one seed a scenario, so each shard meets every
 * scenario, and `--time` may end a sweep without an end anywhere.
 * @param count - Infinity: until somebody stops asking
 */
export function* seedsOf(from: number, count: number, scenarios: number, shard: Shard): Generator<number> {
  for (let i = 0; i < count; i++) {
    if (Math.floor(i / scenarios) % shard.count === shard.index) yield from + i
  }
}

/** How many {@link seedsOf} gives. */
export function seedCount(count: number, scenarios: number, shard: Shard): number {
  const lap = scenarios * shard.count
  const rest = (count % lap) - shard.index * scenarios
  return Math.floor(count / lap) * scenarios + Math.max(0, Math.min(scenarios, rest))
}
