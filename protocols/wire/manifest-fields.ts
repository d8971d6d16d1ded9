/** Bounds of every field of a manifest, as a table, and what holds between fields. Each error is one sentence. */
import { HASH_BYTES, MAX_SEATS, MAX_STAGES, PROTOCOL_VERSION } from './constants.ts'
import { bytes, integer, isMap, number, object, oneOf, text } from './fields.ts'
import type * as manifest from './manifest.ts'
import { contentIdText } from './message-fields.ts'
import { type Refusal, refuse } from './refusals.ts'

/** A rate below one; at one a moving average would never move. */
const decay = number(0, 1 - 2 ** -20)
const share = number(0, 1)
/** Rounds or blocks: over a century at one a second. */
const many = 2 ** 32 - 1
/** An hour: a wait that is longer is a mistake. */
const waitMs = integer(1, 3_600_000)
/** Factors of clipping; wide enough to switch it off in an ablation. */
const factor = number(2 ** -20, 2 ** 20)

const MODEL = object<manifest.ModelConfig>({
  preset: text(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'a name of up to 64 lower-case letters, digits, dots and dashes'),
  layers: integer(1, 1_024),
  width: integer(1, 65_536),
  heads: integer(1, 1_024),
  feedForward: integer(1, 2 ** 20),
  vocabulary: integer(2, 2 ** 20),
  sequence: integer(1, 65_536),
})

const CORPUS = object<manifest.CorpusConfig>({
  name: text(/^[\x20-\x7e]{1,64}$/, 'a name of up to 64 printable characters'),
  cid: contentIdText,
  tokenizer: oneOf('bytes'),
  heldOut: number(0, 0.5),
})

const BATCH = object<manifest.BatchConfig>({
  sequences: integer(1, 4_096),
  target: integer(1, 65_536),
  slack: number(1, 16),
})

const OPTIMIZER = object<manifest.OptimizerConfig>({
  name: oneOf('adamw'),
  beta1: decay,
  beta2: decay,
  epsilon: number(1e-15, 1e-2),
  weightDecay: share,
  learningRate: number(1e-9, 1),
  warmupRounds: integer(0, many),
  decayRounds: integer(0, many),
  learningRateFloor: share,
  secondMoment: oneOf('difference', 'aggregate'),
  aggregateClip: factor,
  backwardClip: factor,
})

const AGGREGATION = object<manifest.AggregationConfig>({
  rule: oneOf('mean', 'trimmed-mean', 'median'),
  f: integer(0, Math.floor((MAX_SEATS - 1) / 3)),
  // The sum of 256 entries stays far below the largest f32, 3.4e38.
  bound: number(1e-6, 1e30),
})

const STAKE = object<manifest.StakeConfig>({
  floor: integer(1, Number.MAX_SAFE_INTEGER),
  cap: integer(1, Number.MAX_SAFE_INTEGER),
  asset: integer(0, 2 ** 32 - 1),
})

const TIMEOUTS = object<manifest.TimeoutConfig>({
  roundMs: waitMs,
  drainMs: waitMs,
  hopMs: waitMs,
  proposeMs: waitMs,
  voteMs: waitMs,
  graceCapMs: waitMs,
  reduceMs: waitMs,
})

const CHAIN = object<manifest.ChainConfig>({
  genesis: bytes(HASH_BYTES),
  startHeight: integer(0, many),
  epochBlocks: integer(1, many),
  beaconLag: integer(0, many),
  anchorEvery: integer(1, many),
  rootEvery: integer(1, many),
  leaseBlocks: integer(1, many),
  claimDelayBlocks: integer(0, many),
  claimWindowBlocks: integer(0, many),
})

const encoding = oneOf('f32', 'bf16', 'int8')

const MANIFEST = object<manifest.Manifest>({
  version: integer(PROTOCOL_VERSION, PROTOCOL_VERSION),
  model: MODEL,
  stages: integer(1, MAX_STAGES),
  replicas: integer(1, MAX_SEATS),
  corpus: CORPUS,
  batch: BATCH,
  optimizer: OPTIMIZER,
  aggregation: AGGREGATION,
  stake: STAKE,
  encoding: object<manifest.Manifest['encoding']>({ gradient: encoding, activation: encoding }),
  timeouts: TIMEOUTS,
  chain: CHAIN,
  seed: integer(0, 2 ** 32 - 1),
  delay: integer(0, 16),
  auditRate: share,
})

/** Inputs of the generated rank networks (`node/engine/kernels`). */
const MAX_RANKED_REPLICAS = 64

/** What must hold between fields, and the sentence where it does not. */
const RELATIONS: readonly { holds(of: manifest.Manifest): boolean; readonly sentence: string }[] = [
  { holds: of => of.model.width % of.model.heads === 0, sentence: 'model.width must be a multiple of model.heads' },
  {
    holds: of => of.stages <= of.model.layers,
    sentence:
      "stages must not exceed the model's layers: it is cut between its blocks, and each stage holds one at least",
  },
  {
    holds: of => of.model.vocabulary >= 256,
    sentence: 'model.vocabulary must be at least 256 for tokens that are bytes',
  },
  {
    holds: of => of.replicas <= MAX_RANKED_REPLICAS,
    sentence: `replicas must not exceed ${MAX_RANKED_REPLICAS}: the aggregation networks are made for that many inputs`,
  },
  { holds: of => of.stake.cap >= of.stake.floor, sentence: 'stake.cap must not be below stake.floor' },
  {
    holds: of => of.optimizer.learningRateFloor <= of.optimizer.learningRate,
    sentence: 'optimizer.learningRateFloor must not be above optimizer.learningRate',
  },
  {
    holds: of => of.chain.beaconLag <= of.chain.startHeight + of.chain.epochBlocks,
    sentence: 'chain.beaconLag must not reach before block 0',
  },
]

/** The manifest, where every field keeps its bound and is available in this version. */
export function checkManifest(value: unknown): manifest.Manifest | Refusal {
  if (isMap(value) && Number.isSafeInteger(value['version']) && value['version'] !== PROTOCOL_VERSION) {
    return refuse(
      'wrong-version',
      `the manifest has version ${String(value['version'])}, this node speaks ${PROTOCOL_VERSION}`,
    )
  }
  const wrong = MANIFEST(value, '')
  if (wrong !== null) return refuse('out-of-bounds', `manifest: ${wrong}`)
  if (!isChecked(value)) return refuse('bad-encoding', 'manifest: not a map')
  const broken = RELATIONS.find(relation => !relation.holds(value))
  if (broken !== undefined) return refuse('out-of-bounds', `manifest: ${broken.sentence}`)
  return value
}

/** Types a value that the table has checked, which the compiler cannot see. */
function isChecked(value: unknown): value is manifest.Manifest {
  return isMap(value)
}
