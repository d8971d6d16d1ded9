/**
 * The manifest: everything about a run that peers must agree on. It is DAG-CBOR, its CID is the run's id. Integers are
 * CBOR integers, fractions 64-bit floats; NaN and infinities are refused. Bounds stand in `manifest-fields.ts`.
 */
import type { ContentId, Encoding, Hash } from './messages.ts'

export interface Manifest {
  /** Layout of this manifest, and with it of every protocol: peers of another version refuse each other. */
  readonly version: number
  readonly model: ModelConfig
  /** Number of stages; the cut itself is a pure function of the model and this (`node/engine/partition`). */
  readonly stages: number
  /** Seats a stage that the run starts with; epoch 0 must have exactly stages * replicas bonds. */
  readonly replicas: number
  readonly corpus: CorpusConfig
  readonly batch: BatchConfig
  readonly optimizer: OptimizerConfig
  readonly aggregation: AggregationConfig
  readonly stake: StakeConfig
  readonly encoding: { readonly gradient: Encoding; readonly activation: Encoding }
  readonly timeouts: TimeoutConfig
  readonly chain: ChainConfig
  /** Seed of initialisation and data order. */
  readonly seed: number
  /** Rounds between a gradient and its use; 0: synchronous. */
  readonly delay: number
  /** Probability of an audit of a hop. */
  readonly auditRate: number
}

export interface ModelConfig {
  readonly preset: string
  readonly layers: number
  /** Model width d. */
  readonly width: number
  readonly heads: number
  /** Width of the feed-forward layer. */
  readonly feedForward: number
  readonly vocabulary: number
  /** Tokens in a sequence. */
  readonly sequence: number
}

export interface CorpusConfig {
  readonly name: string
  readonly cid: ContentId
  readonly tokenizer: 'bytes'
  /** Share at the end of the corpus that is never trained on. */
  readonly heldOut: number
}

export interface BatchConfig {
  /** Sequences in a micro-batch. */
  readonly sequences: number
  /** Micro-batches that close a round. */
  readonly target: number
  /** A source may settle up to ceil(target / n * slack). */
  readonly slack: number
}

export interface OptimizerConfig {
  readonly name: 'adamw'
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
  /** Peak learning rate. */
  readonly learningRate: number
  /** Rounds of linear warm-up. */
  readonly warmupRounds: number
  /** Rounds over which the rate falls by a cosine to `learningRateFloor`; constant after. */
  readonly decayRounds: number
  readonly learningRateFloor: number
  readonly secondMoment: 'difference' | 'aggregate'
  /** The aggregate's norm is clipped to this times sqrt(d_s / d). */
  readonly aggregateClip: number
  /** Backward tensors are scaled to at most this times the moving average of the median norm. */
  readonly backwardClip: number
}

export interface AggregationConfig {
  readonly rule: 'mean' | 'trimmed-mean' | 'median'
  /** Caps the trimming; the agreement's own f is floor((n - 1) / 3). */
  readonly f: number
  /** Largest absolute value of a gradient entry; larger is refused at the door. */
  readonly bound: number
}

export interface StakeConfig {
  /** Smallest stake that gives a seat, in units of the stake asset. */
  readonly floor: number
  /** Stake above this does not raise the odds of leading. */
  readonly cap: number
  /** Asset whose frozen balance is the stake. */
  readonly asset: number
}

/** Bases in milliseconds; each wait is a base times a back-off. */
export interface TimeoutConfig {
  readonly roundMs: number
  readonly drainMs: number
  readonly hopMs: number
  readonly proposeMs: number
  readonly voteMs: number
  readonly graceCapMs: number
  readonly reduceMs: number
}

export interface ChainConfig {
  readonly genesis: Hash
  /** Epoch 0 starts at this height. */
  readonly startHeight: number
  readonly epochBlocks: number
  readonly beaconLag: number
  readonly anchorEvery: number
  readonly rootEvery: number
  /** Blocks after a stage's last renewal for which its replicas vote (`consensus/recovery`). */
  readonly leaseBlocks: number
  /** Blocks between the end of a lease and the first claim that counts. */
  readonly claimDelayBlocks: number
  /** Blocks after the first claim in which claims are collected. */
  readonly claimWindowBlocks: number
}
