/** What the published table is made of. */
import { RULES } from '../../consensus/aggregation/index.ts'
import type { Corpus } from '../../node/data/index.ts'
import { makeManifest } from '../../node/run/defaults.ts'
import { ZERO_HASH } from '../../protocols/wire/hash.ts'
import type { Manifest, ModelConfig } from '../../protocols/wire/manifest.ts'
import { GRADIENT_ATTACKS } from '../attackers/gradient/index.ts'
import type { AttackCase, AttackTableOptions, DataSplit, Setting } from './types.ts'

const STAGES = 1

/** The gpt presets' architecture, so small that hundreds of trainings take minutes; it gets beyond the bytes' frequencies. */
const MODEL: ModelConfig = {
  preset: 'attack-table',
  layers: 1,
  width: 32,
  heads: 2,
  feedForward: 64,
  vocabulary: 256,
  sequence: 32,
}
const SEQUENCES = 1
const LEARNING_RATE = 1e-2
const WARM_UP_ROUNDS = 5

const GROUPS = [
  { replicas: 4, faults: 1 },
  { replicas: 10, faults: 3 },
] as const
const DATA: readonly DataSplit[] = ['i.i.d.', 'chapters']
const MOMENTA = [0.9, 0] as const

export const SETTINGS: readonly Setting[] = GROUPS.flatMap(group =>
  DATA.flatMap(data => MOMENTA.map(beta1 => ({ ...group, data, beta1 }))),
)

/** All attacks at their start values, and the inner product once more, as long as it must be to turn a mean around. */
export const ATTACKS: readonly AttackCase[] = [
  { attack: null, parameters: {} },
  ...GRADIENT_ATTACKS.map(({ name, parameters }) => ({ attack: name, parameters })),
  { attack: 'inner-product', parameters: { epsilon: 10 } },
]

export function publishedTable(signal: AbortSignal): AttackTableOptions {
  return {
    settings: SETTINGS,
    rules: Object.values(RULES).map(({ name }) => name),
    attacks: ATTACKS,
    seeds: 3,
    rounds: 50,
    signal,
  }
}

export function manifestOf(
  corpus: Corpus,
  { replicas, faults, beta1 }: Setting,
  {
    rule,
    rounds,
    seed,
  }: { readonly rule: Manifest['aggregation']['rule']; readonly rounds: number; readonly seed: number },
): Manifest {
  const manifest = makeManifest({
    model: MODEL,
    stages: STAGES,
    replicas,
    rule,
    f: faults,
    seed,
    // One micro-batch a replica and round.
    target: replicas,
    encoding: 'f32',
    rounds,
    corpus: { name: corpus.name, cid: corpus.cid },
    genesis: ZERO_HASH,
    startHeight: 1,
  })
  const schedule = {
    learningRate: LEARNING_RATE,
    learningRateFloor: LEARNING_RATE / 10,
    warmupRounds: WARM_UP_ROUNDS,
    decayRounds: rounds - WARM_UP_ROUNDS,
  }
  return {
    ...manifest,
    batch: { ...manifest.batch, sequences: SEQUENCES },
    optimizer: { ...manifest.optimizer, ...schedule, beta1 },
  }
}
