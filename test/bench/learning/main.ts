/**
 * What the swarm's way of training costs in learning: held-out loss after equal tokens, the mean over seeds, beside one
 * process with plain AdamW on the same micro-batches. The swarm's side is its arithmetic (`simulations/learning`), without
 * processes and network; every way sees the same tokens. Takes long: four trainings a seed.
 */
import { type Batch, type Corpus, heldOutBatches, loadCorpus } from '../../../node/data/index.ts'
import type { RunChoices } from '../../../node/run/defaults.ts'
import type { Manifest } from '../../../protocols/wire/manifest.ts'
import { signFlip } from '../../../simulations/attackers/gradient/sign-flip.ts'
import { Conspiracy, EmulatedSwarm, uniformBatches } from '../../../simulations/learning/index.ts'
import { defaultManifest } from '../manifest.ts'
import { atMost, type Benchmark, compare, type Figure, inform, mean } from '../measure.ts'
import { Control } from './control.ts'

const SEEDS = [1, 2, 3]
const ROUNDS = 160
/** Rounds smaller than a run's, so that twelve trainings take about half an hour of one core. The smaller, the more a liar costs. */
const MICRO_BATCHES = 8
const SEQUENCES = 4
/** Windows over the held-out part: 256 of 128 bytes, a fourth of it. */
const HELD_OUT_WINDOWS = 256

interface Way {
  readonly name: string
  readonly rule: Manifest['aggregation']['rule']
  /** One replica of each stage reverses its commits. */
  readonly lies: boolean
  /** Held-out loss beside the control's, at most. */
  readonly target: number
}

const WAYS: readonly Way[] = [
  { name: 'mean, all honest', rule: 'mean', lies: false, target: 1.01 },
  { name: 'trimmed mean, all honest', rule: 'trimmed-mean', lies: false, target: 1.03 },
  { name: 'trimmed mean, one of each stage flips signs', rule: 'trimmed-mean', lies: true, target: 1.06 },
]

export const learning: Benchmark = {
  about:
    `held-out loss after ${ROUNDS} rounds of ${MICRO_BATCHES} micro-batches of ${SEQUENCES} sequences (smaller than a ` +
    `run's), mean of ${SEEDS.length} seeds, beside one process with plain AdamW on the same micro-batches; the arithmetic ` +
    'of the swarm, without processes and network',
  run: benchLearning,
}

async function* benchLearning(signal: AbortSignal): AsyncGenerator<Figure> {
  const corpus = await loadCorpus('moby-dick', { signal })
  const control: number[] = []
  const losses = WAYS.map((): number[] => [])
  for (const seed of SEEDS) {
    control.push(await trainControl(corpus, smallManifest(corpus, { seed }), signal))
    yield ofSeed(seed, 'control', control)
    for (const [index, { name, rule, lies }] of WAYS.entries()) {
      losses[index]!.push(await trainSwarm(corpus, smallManifest(corpus, { seed, rule }), lies, signal))
      yield ofSeed(seed, name, losses[index]!)
    }
  }
  yield inform({ name: 'control: plain AdamW', value: mean(control), unit: 'nats/byte' })
  for (const [index, { name, target }] of WAYS.entries()) {
    const value = mean(losses[index]!)
    yield compare({ name, value, unit: 'nats/byte' }, mean(control), atMost(target))
  }
}

/** Told as soon as it is known: the whole takes minutes. */
function ofSeed(seed: number, name: string, losses: readonly number[]): Figure {
  return inform({ name: `seed ${seed}, ${name}`, value: losses.at(-1)!, unit: 'nats/byte' })
}

function smallManifest(corpus: Corpus, choices: Partial<Pick<RunChoices, 'seed' | 'rule'>>): Manifest {
  const manifest = defaultManifest(corpus, { ...choices, target: MICRO_BATCHES, rounds: ROUNDS })
  return { ...manifest, batch: { ...manifest.batch, sequences: SEQUENCES } }
}

async function trainControl(corpus: Corpus, manifest: Manifest, signal: AbortSignal): Promise<number> {
  const control = await Control.create(manifest)
  try {
    const counts = evenCounts(manifest)
    const batchOf = uniformBatches(corpus, manifest)
    for (let round = 1; round <= ROUNDS; round++) {
      signal.throwIfAborted()
      const batches = counts.flatMap((count, lane) =>
        Array.from({ length: count }, (_, sequence) => batchOf({ round, lane, sequence })),
      )
      await control.round(batches)
    }
    return await control.evaluate(heldOut(corpus, manifest))
  } finally {
    await control.dispose()
  }
}

async function trainSwarm(corpus: Corpus, manifest: Manifest, lies: boolean, signal: AbortSignal): Promise<number> {
  const training = { batches: uniformBatches(corpus, manifest), conspiracy: lies ? oneFlipsSigns(manifest) : null }
  const swarm = await EmulatedSwarm.create(manifest, training)
  try {
    const counts = evenCounts(manifest)
    for (let round = 1; round <= ROUNDS; round++) {
      signal.throwIfAborted()
      const { refused } = await swarm.round(counts)
      if (refused > 0) throw new Error(`round ${round}: ${refused} commits were refused`)
    }
    return await swarm.evaluate(heldOut(corpus, manifest))
  } finally {
    await swarm.dispose()
  }
}

/** At its own length: a longer lie would be no different to a rule that trims it. */
function oneFlipsSigns({ aggregation }: Manifest): Conspiracy {
  const parameters = { factor: -1 }
  const random = (): number => 0
  return new Conspiracy({ attack: signFlip, parameters, liars: 1, faults: aggregation.f, random, combine: null })
}

/** Micro-batches of each lane; the first ones have one more where the target does not divide. */
function evenCounts({ batch, replicas }: Manifest): number[] {
  return Array.from({ length: replicas }, (_, lane) => Math.floor((batch.target + replicas - 1 - lane) / replicas))
}

function heldOut(corpus: Corpus, { model, batch, corpus: { heldOut: share } }: Manifest): Batch[] {
  const shape = { sequences: batch.sequences, sequence: model.sequence }
  return heldOutBatches(corpus, HELD_OUT_WINDOWS / batch.sequences, shape, share)
}
