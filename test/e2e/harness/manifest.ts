/** A run that is over in seconds: a model of some 50,000 parameters, and waits as short as two busy cores allow. */
import { loadCorpus } from '../../../node/data/index.ts'
import { faultsOf, makeManifest } from '../../../node/run/defaults.ts'
import type { Manifest } from '../../../protocols/wire/manifest.ts'
import type { Hash } from '../../../protocols/wire/messages.ts'

export interface TinyRun {
  readonly stages?: number
  readonly replicas?: number
  readonly rule?: Manifest['aggregation']['rule']
  /** Liars a stage; default floor((replicas - 1) / 3). */
  readonly f?: number
  /** Rounds over which the learning rate falls. */
  readonly rounds?: number
  readonly seed?: number
  readonly encoding?: Manifest['encoding']['gradient']
  readonly model?: Partial<Manifest['model']>
  readonly batch?: Partial<Manifest['batch']>
  readonly optimizer?: Partial<Manifest['optimizer']>
  readonly timeouts?: Partial<Manifest['timeouts']>
  readonly chain?: Partial<Omit<Manifest['chain'], 'genesis' | 'startHeight'>>
  /** Peers with a stake that bond later, if at all. */
  readonly spares?: number
  /** Peers that bond at the start beyond those that the stages need. */
  readonly surplus?: number
  /** Time to an empty block, ms. */
  readonly emptyBlockMs?: number
}

const MODEL = {
  preset: 'gpt-tiny',
  layers: 2,
  width: 32,
  heads: 2,
  feedForward: 64,
  vocabulary: 256,
  sequence: 32,
} as const

const TIMEOUTS = {
  roundMs: 15_000,
  drainMs: 2_000,
  hopMs: 4_000,
  proposeMs: 1_500,
  voteMs: 800,
  graceCapMs: 800,
  reduceMs: 800,
} as const

/** The manifest of such a run, once its chain is known. */
export async function tinyManifest(run: TinyRun): Promise<(genesis: Hash, startHeight: number) => Manifest> {
  const corpus = await loadCorpus('moby-dick')
  const replicas = run.replicas ?? 4
  return (genesis, startHeight) => {
    const manifest = makeManifest({
      model: { ...MODEL, ...run.model },
      stages: run.stages ?? 2,
      replicas,
      rule: run.rule ?? 'trimmed-mean',
      f: run.f ?? faultsOf(replicas),
      seed: run.seed ?? 1,
      target: 8,
      encoding: run.encoding ?? 'f32',
      rounds: run.rounds ?? 100,
      corpus: { name: corpus.name, cid: corpus.cid },
      genesis,
      startHeight,
    })
    return {
      ...manifest,
      batch: { ...manifest.batch, sequences: 4, ...run.batch },
      optimizer: { ...manifest.optimizer, ...run.optimizer },
      timeouts: { ...TIMEOUTS, ...run.timeouts },
      chain: { ...manifest.chain, ...run.chain },
    }
  }
}
