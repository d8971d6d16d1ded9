/**
 * The start values of a run, in one place (round.md, "Start values"); all of them travel in the manifest, so a run keeps
 * what it was started with.
 */
import type { ChainConfig, Manifest, ModelConfig } from '../../protocols/wire/manifest.ts'
import type { ContentId, Hash } from '../../protocols/wire/messages.ts'

export interface RunChoices {
  readonly model: ModelConfig
  readonly stages: number
  readonly replicas: number
  readonly rule: Manifest['aggregation']['rule']
  /** Liars a stage that the rule trims away. */
  readonly f: number
  readonly seed: number
  /** Micro-batches that close a round. */
  readonly target: number
  /** Of gradient partitions and boundary tensors. */
  readonly encoding: Manifest['encoding']['gradient']
  /** Rounds over which the learning rate falls. */
  readonly rounds: number
  readonly corpus: { readonly name: string; readonly cid: ContentId }
  readonly genesis: Hash
  readonly startHeight: number
}

const CHAIN: Omit<ChainConfig, 'genesis' | 'startHeight'> = {
  epochBlocks: 64,
  beaconLag: 4,
  anchorEvery: 8,
  rootEvery: 16,
  leaseBlocks: 128,
  claimDelayBlocks: 16,
  claimWindowBlocks: 32,
}

/** Smallest stake that gives a seat in a new run. */
export const STAKE_FLOOR = 100

/** Asset id of the stake on the embedded chain. */
export const STAKE_ASSET = 1

const WARM_UP_ROUNDS = 8

/** Peak and floor, measured for gpt-tiny (docs/reference/measurements.md). A wider model takes a smaller rate. */
function learningRates({ width }: ModelConfig): { readonly learningRate: number; readonly learningRateFloor: number } {
  return width >= 512
    ? { learningRate: 1e-3, learningRateFloor: 1e-4 }
    : { learningRate: 4e-3, learningRateFloor: 2e-4 }
}

/** Of a micro-batch: where computing it takes little time, its messages count, which are as many for a longer one. */
function sequencesOf({ width }: ModelConfig): number {
  return width >= 512 ? 8 : 16
}

export function makeManifest(choices: RunChoices): Manifest {
  return {
    version: 1,
    model: choices.model,
    stages: choices.stages,
    replicas: choices.replicas,
    corpus: { ...choices.corpus, tokenizer: 'bytes', heldOut: 0.1 },
    batch: { sequences: sequencesOf(choices.model), target: choices.target, slack: 1.5 },
    optimizer: {
      name: 'adamw',
      // A round's mean is over many micro-batches, and a run has a hundred rounds: a longer memory is mostly late.
      beta1: 0.8,
      beta2: 0.95,
      epsilon: 1e-8,
      weightDecay: 0.1,
      ...learningRates(choices.model),
      warmupRounds: WARM_UP_ROUNDS,
      // The rate reaches its floor in the last round that was asked for.
      decayRounds: Math.max(choices.rounds - WARM_UP_ROUNDS, WARM_UP_ROUNDS),
      secondMoment: 'difference',
      aggregateClip: 1,
      backwardClip: 2,
    },
    aggregation: { rule: choices.rule, f: choices.f, bound: 1e4 },
    stake: { floor: STAKE_FLOOR, cap: 100_000, asset: STAKE_ASSET },
    encoding: { gradient: choices.encoding, activation: choices.encoding },
    timeouts: {
      roundMs: 60_000,
      drainMs: 5_000,
      hopMs: 20_000,
      proposeMs: 4_000,
      voteMs: 2_000,
      graceCapMs: 2_000,
      reduceMs: 5_000,
    },
    chain: { ...CHAIN, genesis: choices.genesis, startHeight: choices.startHeight },
    seed: choices.seed,
    delay: 0,
    auditRate: 0.03,
  }
}

/** Liars that n seats tolerate in agreement. */
export function faultsOf(seats: number): number {
  return Math.floor((seats - 1) / 3)
}
