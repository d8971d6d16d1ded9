/**
 * The one table of options: flags, environment variables (`SWARM_<NAME>`), the configuration file and the reference page
 * (docs/reference/cli.md) are all made from it.
 */

export type Verb = 'up' | 'join' | 'pause' | 'leave' | 'status' | 'verify' | 'chain' | 'bond' | 'export'

export interface OptionSpec {
  readonly type: 'string' | 'integer' | 'boolean' | 'list'
  readonly verbs: readonly Verb[]
  readonly help: string
  /** As shown in the reference; 'required' where there is none. */
  readonly default: string | number | boolean | null | 'required'
  readonly min?: number
  readonly max?: number
  readonly choices?: readonly string[]
  /** Verbs that cannot do without it. */
  readonly requiredBy?: readonly Verb[]
}

/** Some hours of rounds; runs below that are kept whole, and verify from their first round on. */
export const DEFAULT_KEEP_ROUNDS = 4096

const ALL: readonly Verb[] = ['up', 'join', 'pause', 'leave', 'status', 'verify', 'chain', 'bond', 'export']

export const OPTIONS = {
  data: {
    type: 'string',
    verbs: ALL,
    help: 'data folder: keys, journal, state, logs',
    default: './swarm-data',
  },
  json: { type: 'boolean', verbs: ALL, help: 'print one JSON event a line instead of text', default: false },
  stages: { type: 'integer', verbs: ['up'], help: 'stages that the model is cut into', default: 2, min: 1, max: 64 },
  replicas: {
    type: 'integer',
    verbs: ['up'],
    help: 'peers that hold each stage; f = floor((n - 1) / 3) of them may lie',
    default: 4,
    min: 1,
    max: 64,
  },
  rounds: {
    type: 'integer',
    verbs: ['up'],
    help: 'rounds to train, in addition to those already certified',
    default: 76,
    min: 1,
    max: 10_000_000,
  },
  until: {
    type: 'integer',
    verbs: ['join'],
    help: 'round to stop after',
    default: 'default: none, until stopped',
    min: 1,
    max: 10_000_000,
  },
  'keep-rounds': {
    type: 'integer',
    verbs: ['up', 'join'],
    help: 'newest rounds whose certificates stay on the disk; older ones are removed once an anchor on the chain covers them',
    default: DEFAULT_KEEP_ROUNDS,
    min: 64,
    max: 10_000_000,
  },
  model: {
    type: 'string',
    verbs: ['up'],
    help: 'model preset',
    default: 'gpt-tiny',
    choices: ['gpt-tiny', 'gpt-small'],
  },
  corpus: {
    type: 'string',
    verbs: ['up', 'join'],
    help: 'moby-dick, or the path of a text file',
    default: 'moby-dick',
  },
  rule: {
    type: 'string',
    verbs: ['up'],
    help: 'aggregation rule; mean does not withstand a single liar',
    default: 'trimmed-mean',
    choices: ['mean', 'trimmed-mean', 'median'],
  },
  f: {
    type: 'integer',
    verbs: ['up'],
    help: 'liars a stage that the rule trims away; at most floor((replicas - 1) / 3)',
    default: 'default: floor((replicas - 1) / 3)',
    min: 0,
    max: 21,
  },
  seed: {
    type: 'integer',
    verbs: ['up'],
    help: 'seed of initialisation and data order',
    default: 1,
    min: 0,
    max: 4_294_967_295,
  },
  target: { type: 'integer', verbs: ['up'], help: 'micro-batches that close a round', default: 20, min: 1, max: 4096 },
  encoding: {
    type: 'string',
    verbs: ['up'],
    help: 'how gradients and boundary tensors travel; bf16 halves the bytes, int8 in blocks of 64 quarters them',
    default: 'bf16',
    choices: ['f32', 'bf16', 'int8'],
  },
  threads: {
    type: 'integer',
    verbs: ['up', 'join'],
    help: 'threads that compute, of each peer',
    default: 'default: join: half of the cores, 1 to 8; up: 1',
    min: 1,
    max: 256,
  },
  'memory-mib': {
    type: 'integer',
    verbs: ['join'],
    help: 'MiB that this machine gives to a stage; a peer that is dealt a larger one waits for another',
    default: 'default: three quarters of the memory of the machine',
    min: 16,
    max: 16_777_216,
  },
  force: {
    type: 'boolean',
    verbs: ['leave'],
    help: 'stop at once, without giving the seat up: the stage will count the peer as absent',
    default: false,
  },
  'prepare-only': {
    type: 'boolean',
    verbs: ['up'],
    help: 'make keys, chain, manifest and bonds, print the commands that start each part by hand, and stop',
    default: false,
  },
  'chain-port': {
    type: 'integer',
    verbs: ['up'],
    help: 'port of the embedded chain; 0 takes a free one',
    default: 0,
    min: 0,
    max: 65_535,
  },
  run: {
    type: 'string',
    verbs: ['join', 'bond'],
    help: 'the run: path of its manifest file, or its id; join asks other peers for a manifest that the data folder does not hold',
    default: 'required',
    requiredBy: ['join', 'bond'],
  },
  bootstrap: {
    type: 'list',
    verbs: ['join'],
    help: 'multiaddr of a peer to start from; may be repeated',
    default: 'none: stored addresses are tried',
  },
  listen: {
    type: 'list',
    verbs: ['join'],
    help: 'multiaddr to listen on; may be repeated',
    default: '/ip4/0.0.0.0/tcp/0 and /ip6/::/tcp/0',
  },
  announce: {
    type: 'list',
    verbs: ['join'],
    help: 'multiaddr that others are told to dial, in place of those listened on: behind port forwarding; may be repeated',
    default: 'the addresses that are listened on',
  },
  relay: {
    type: 'string',
    verbs: ['join'],
    help: 'auto: be a relay for others when they reach this peer directly, use theirs when not; serve: be one without waiting for that proof',
    default: 'auto',
    choices: ['auto', 'serve', 'off'],
  },
  'relay-reservations': {
    type: 'integer',
    verbs: ['join'],
    help: 'peers that this relay holds a place for at a time',
    default: 32,
    min: 1,
    max: 1024,
  },
  'relay-circuits': {
    type: 'integer',
    verbs: ['join'],
    help: 'connections that this relay carries at a time',
    default: 64,
    min: 1,
    max: 4096,
  },
  'relay-circuit-mib': {
    type: 'integer',
    verbs: ['join'],
    help: 'MiB that this relay carries on one connection, both directions together',
    default: 64,
    min: 4,
    max: 65_536,
  },
  'relay-circuit-minutes': {
    type: 'integer',
    verbs: ['join'],
    help: 'minutes that this relay carries one connection',
    default: 30,
    min: 1,
    max: 1440,
  },
  'port-mapping': {
    type: 'string',
    verbs: ['join'],
    help: 'ask the router to forward a port (UPnP); not done for loopback addresses',
    default: 'on',
    choices: ['on', 'off'],
  },
  'local-discovery': {
    type: 'string',
    verbs: ['join'],
    help: 'find peers of the same network with multicast DNS; not done for loopback addresses',
    default: 'on',
    choices: ['on', 'off'],
  },
  'sync-upload-mib': {
    type: 'integer',
    verbs: ['join'],
    help: 'MiB a second of state that this peer gives to newcomers and latecomers, all of them together',
    default: 32,
    min: 1,
    max: 65_536,
  },
  'sync-download-mib': {
    type: 'integer',
    verbs: ['join'],
    help: 'MiB a second that this peer takes in while it fetches state',
    default: 'default: as fast as it comes',
    min: 1,
    max: 65_536,
  },
  chain: {
    type: 'string',
    verbs: ['join', 'verify', 'bond'],
    help: 'WebSocket address of the chain',
    default: 'required',
    requiredBy: ['join', 'verify', 'bond'],
  },
  account: {
    type: 'string',
    verbs: ['join', 'bond'],
    help: 'secret URI of the chain account that owns the bond',
    default: 'the account file in the data folder',
  },
  stake: {
    type: 'integer',
    verbs: ['up'],
    help: 'stake that each local peer bonds',
    default: 1000,
    min: 1,
    max: 1_000_000_000,
  },
  'parent-stdin': {
    type: 'boolean',
    verbs: ['join', 'chain'],
    help: 'end when standard input closes: whoever started this program is gone',
    default: false,
  },
  port: { type: 'integer', verbs: ['chain'], help: 'port of the chain', default: 0, min: 0, max: 65_535 },
  accounts: {
    type: 'string',
    verbs: ['chain'],
    help: 'JSON file of the accounts that are funded at genesis',
    default: 'accounts.json in the data folder',
  },
  'min-block-ms': {
    type: 'integer',
    verbs: ['chain'],
    help: 'shortest time between blocks while transactions wait, milliseconds',
    default: 1000,
    min: 50,
    max: 60_000,
  },
  'empty-block-ms': {
    type: 'integer',
    verbs: ['chain'],
    help: 'time to an empty block, milliseconds',
    default: 6000,
    min: 100,
    max: 600_000,
  },
  'finality-lag': {
    type: 'integer',
    verbs: ['chain'],
    help: 'blocks that the finalised head is behind the best one',
    default: 1,
    min: 0,
    max: 64,
  },
  round: {
    type: 'integer',
    verbs: ['export'],
    help: 'certified round to export; the state of some rounds before the newest is still held',
    default: 'the newest that every stage has certified',
    min: 0,
    max: 10_000_000,
  },
  out: {
    type: 'string',
    verbs: ['export'],
    help: 'folder for model.onnx and model.safetensors',
    default: 'the data folder',
  },
} as const satisfies Record<string, OptionSpec>

export type OptionName = keyof typeof OPTIONS

export const VERBS: Record<Verb, string> = {
  up: 'start a local swarm with its own chain and train',
  join: 'run one peer of a run',
  pause: 'stop the running peer of this data folder for a while: it hands its work over, and its seat stays',
  leave: "give this data folder's seat up; the running peer does it and then ends",
  status: 'say what the peers of a data folder are doing, and whether they run',
  verify: 'check seats, signatures, hash chain, anchors and the exported model of a data folder',
  chain: 'run the embedded chain alone',
  bond: "post this data folder's bond for a run",
  export: 'write a certified model as ONNX and safetensors',
}

type Value<Spec> = Spec extends { type: 'integer' }
  ? number
  : Spec extends { type: 'boolean' }
    ? boolean
    : Spec extends { type: 'list' }
      ? readonly string[]
      : string

/** What was given or defaulted; `undefined` where an option without default was not given. */
export type Settings = { readonly [Name in OptionName]: Value<(typeof OPTIONS)[Name]> | undefined }
