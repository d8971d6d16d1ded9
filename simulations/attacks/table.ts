/**
 * Rules against attacks: every cell is a real training of the emulated swarm (`simulations/learning`), several times with
 * different seeds. One seed means one initialisation, the same text for honest lanes and the same randomness of liars, so a
 * cell is compared with its clean training pair by pair.
 */
import { trimCount } from '../../consensus/aggregation/index.ts'
import { type Batch, type Corpus, heldOutBatches, loadCorpus } from '../../node/data/index.ts'
import { countParameters } from '../../node/engine/models/index.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'
import { findGradientAttack, parametersOf } from '../attackers/gradient/index.ts'
import {
  Conspiracy,
  chapterBatches,
  createRule,
  EmulatedSwarm,
  seededRandom,
  type Training,
  uniformBatches,
} from '../learning/index.ts'
import { manifestOf } from './settings.ts'
import { interval } from './statistics.ts'
import type { AttackCase, AttackTableOptions, Cell, Setting } from './types.ts'

/** Windows over the held-out part. */
const HELD_OUT_BATCHES = 64

interface Trained {
  readonly loss: number
  readonly refused: number
}

/** How many cells `attackTable` yields. */
export function cellCount({ settings, rules, attacks }: AttackTableOptions): number {
  return settings.length * rules.length * attacks.length
}

/**
 * Cells as they are known. The clean training of a setting comes first, whether or not it was asked for.
 * @throws RangeError where an attack or parameter is not known
 */
export async function* attackTable(options: AttackTableOptions): AsyncGenerator<Cell> {
  const { settings, rules, attacks, seeds, rounds } = options
  const cases = attacks.map(checked)
  const corpus = await loadCorpus('moby-dick', { signal: options.signal })
  const numbers = Array.from({ length: seeds }, (_, at) => at + 1)
  for (const setting of settings) {
    for (const rule of rules) {
      const manifests = numbers.map(seed => manifestOf(corpus, setting, { rule, rounds, seed }))
      const bench = await Bench.create(corpus, setting, manifests, options.signal)
      try {
        const clean = await bench.trainAll({ attack: null, parameters: {} })
        for (const each of cases) {
          const trained = each.attack === null ? clean : await bench.trainAll(each)
          yield { ...setting, ...each, rule, rounds, tokens: bench.tokens * rounds, ...summary(trained, clean) }
        }
      } finally {
        await bench.dispose()
      }
    }
  }
}

function summary(trained: readonly Trained[], clean: readonly Trained[]) {
  const losses = trained.map(({ loss }) => loss)
  return {
    losses,
    loss: interval(losses),
    harm: interval(losses.map((loss, at) => loss - clean[at]!.loss)),
    refused: interval(trained.map(({ refused }) => refused)).mean,
  }
}

function checked({ attack, parameters }: AttackCase): AttackCase {
  if (attack === null) return { attack, parameters: {} }
  const found = findGradientAttack(attack)
  if (found === null) throw new RangeError(`there is no attack "${attack}" (simulations/attackers/gradient)`)
  const merged = parametersOf(found, parameters)
  if (typeof merged === 'string') throw new RangeError(merged)
  return { attack, parameters: merged }
}

/** One setting and rule: its engines, made once, train again and again. */
class Bench {
  readonly #swarm: EmulatedSwarm
  readonly #setting: Setting
  readonly #manifests: readonly Manifest[]
  /** State of each stage before the first round, by seed. */
  readonly #initial: readonly (readonly Uint8Array[])[]
  readonly #corpus: Corpus
  readonly #heldOut: readonly Batch[]
  readonly #signal: AbortSignal

  private constructor(
    swarm: EmulatedSwarm,
    initial: readonly (readonly Uint8Array[])[],
    from: { corpus: Corpus; setting: Setting; manifests: readonly Manifest[]; signal: AbortSignal },
  ) {
    this.#swarm = swarm
    this.#initial = initial
    this.#setting = from.setting
    this.#manifests = from.manifests
    this.#corpus = from.corpus
    this.#signal = from.signal
    const { batch, model, corpus } = from.manifests[0]!
    const shape = { sequences: batch.sequences, sequence: model.sequence }
    this.#heldOut = heldOutBatches(from.corpus, HELD_OUT_BATCHES, shape, corpus.heldOut)
  }

  static async create(
    corpus: Corpus,
    setting: Setting,
    manifests: readonly Manifest[],
    signal: AbortSignal,
  ): Promise<Bench> {
    const from = { corpus, setting, manifests, signal }
    const initial: (readonly Uint8Array[])[] = []
    for (const manifest of manifests) initial.push(await initialState(corpus, manifest))
    return new Bench(await EmulatedSwarm.create(manifests[0]!, honest(corpus, manifests[0]!)), initial, from)
  }

  /** Of a round. */
  get tokens(): number {
    const { batch, model } = this.#manifests[0]!
    return this.#setting.replicas * batch.sequences * model.sequence
  }

  /** One training a seed. */
  async trainAll(each: AttackCase): Promise<readonly Trained[]> {
    const trained: Trained[] = []
    for (const seed of this.#manifests.keys()) trained.push(await this.#train(each, seed))
    return trained
  }

  dispose(): Promise<void> {
    return this.#swarm.dispose()
  }

  async #train(each: AttackCase, at: number): Promise<Trained> {
    const manifest = this.#manifests[at]!
    const { replicas, data } = this.#setting
    const batches =
      data === 'i.i.d.' ? uniformBatches(this.#corpus, manifest) : chapterBatches(this.#corpus, manifest, replicas)
    await this.#swarm.restart({ batches, conspiracy: this.#conspiracy(each, manifest) }, this.#initial[at]!)
    const counts = new Array<number>(replicas).fill(1)
    let refused = 0
    for (let round = 1; round <= manifest.optimizer.warmupRounds + manifest.optimizer.decayRounds; round++) {
      this.#signal.throwIfAborted()
      refused += (await this.#swarm.round(counts)).refused
    }
    return { loss: await this.#swarm.evaluate(this.#heldOut), refused }
  }

  #conspiracy({ attack, parameters }: AttackCase, { aggregation, model, seed }: Manifest): Conspiracy | null {
    const found = attack === null ? null : findGradientAttack(attack)
    if (found === null) return null
    const { replicas, faults } = this.#setting
    const combine = createRule(aggregation, replicas, countParameters(model))
    return new Conspiracy({
      attack: found,
      parameters,
      liars: faults,
      faults: trimCount('trimmed-mean', replicas, faults),
      random: seededRandom(seed),
      combine,
    })
  }
}

function honest(corpus: Corpus, manifest: Manifest): Training {
  return { batches: uniformBatches(corpus, manifest), conspiracy: null }
}

/** Replicas of a stage start equal, so one of each is enough. */
async function initialState(corpus: Corpus, manifest: Manifest): Promise<readonly Uint8Array[]> {
  const single = await EmulatedSwarm.create({ ...manifest, replicas: 1 }, honest(corpus, manifest))
  const { initialState: state } = single
  await single.dispose()
  return state
}
