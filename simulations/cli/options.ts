/** The one table of `swarm-sim`: what is typed, `--help` and the reference page (docs/reference/swarm-sim.md) are made from it. */

export type Verb =
  | 'run'
  | 'sweep'
  | 'replay'
  | 'shrink'
  | 'compare'
  | 'attacks'
  | 'scale'
  | 'pipeline'
  | 'determinism'
  | 'merge'
  | 'list'
  | 'explain'

export interface OptionSpec {
  /** list: integers with commas; duration: 90s, 5m, 2h, held in milliseconds; shard: i/n. */
  readonly type: 'string' | 'integer' | 'boolean' | 'list' | 'duration' | 'shard'
  readonly verbs: readonly Verb[]
  readonly help: string
  /** As typed; null where there is none, and `absent` says what then happens. */
  readonly default: string | number | boolean | null
  readonly absent?: string
  readonly min?: number
  readonly max?: number
}

export interface VerbSpec {
  readonly about: string
  /** Words after the verb, as the usage line shows them. */
  readonly words: string
  readonly minWords: number
  readonly maxWords: number
  /** More than the sentence, for `--help` and the reference page. */
  readonly more: string
}

const ANY_NUMBER = 1_000
/** A scenario's name, one of a seed, or what was written. */
const REFERENCE =
  'A <run> is `scenario` or `scenario:seed`, a bare seed (of the standard mix), a scenario as a JSON file, or the folder of a run.'

export const VERBS: Record<Verb, VerbSpec> = {
  run: {
    about: 'run one scenario and judge it',
    words: '<run>',
    minWords: 1,
    maxWords: 1,
    more: `${REFERENCE} Nothing is written unless --save or --out asks for it.`,
  },
  sweep: {
    about: 'run many seeds and say what was reached, and what broke',
    words: '<scenario...>',
    minWords: 1,
    maxWords: ANY_NUMBER,
    more: '`standard` names the mix that CI runs, `all` every scenario of the library; files are taken too. Seeds are dealt to the scenarios in turn. The folders of the first violations are written. Unknown where a scenario never reached what it is there for.',
  },
  replay: {
    about: 'run again what was run before, and tell what happens',
    words: '<run>',
    minWords: 1,
    maxWords: 1,
    more: `${REFERENCE} --until stops before an event: a number (\`#4711\`), a virtual time (\`@12000\`, ms), a type (\`decided\`), the third of a type (\`decided:3\`), or one with fields (\`decided,round=3,stage=0\`).`,
  },
  shrink: {
    about: 'find the smallest scenario that still breaks the same promise',
    words: '<run>',
    minWords: 1,
    maxWords: 1,
    more: `${REFERENCE} Looks for a small failure like it, leaves out faults, liars, peers and rounds as long as the same checker still finds a violation, and writes what is left as a JSON file that \`run\` takes: a regression test.`,
  },
  compare: {
    about: 'two runs beside each other: verdict, loss and cost',
    words: '<run> <run>',
    minWords: 2,
    maxWords: 2,
    more: `${REFERENCE} Both run with --seed where it is given.`,
  },
  attacks: {
    about: 'the table of rules against attacks: final loss against a clean run',
    words: '',
    minWords: 0,
    maxWords: 0,
    more: 'Each row names its setting (n, f, heterogeneity, momentum) and the confidence over seeds.',
  },
  scale: {
    about: 'how cost grows with the swarm, on tier 0',
    words: '',
    minWords: 0,
    maxWords: 0,
    more: 'Each size runs in a process of its own. Exponents are fitted over the sizes whose stages are full.',
  },
  pipeline: {
    about: 'how much of the time machines compute, and what they wait for, on tier 0',
    words: '[scenario]',
    minWords: 0,
    maxWords: 1,
    more: 'Of eight stages of four across the internet with 512 micro-batches a round, where no scenario is named. The first round is left out. The five shares add up to the time of the peers: compute; transfer: a tensor is on its way; bubble: none is; idle: its work of the round is done; reduce: from its commitment to the next round. --out writes a picture of one round.',
  },
  determinism: {
    about: 'run everything twice, compare the traces, and find the first event that differs',
    words: '<run>',
    minWords: 1,
    maxWords: 1,
    more: `${REFERENCE} Two runs of a seed must have one trace hash. Where they do not, both are recorded and the first differing event is shown.`,
  },
  merge: {
    about: "put the results of a sweep's shards together",
    words: '<file...>',
    minWords: 1,
    maxWords: 100_000,
    more: 'The files are what `sweep --json` printed.',
  },
  list: {
    about: 'what there is: scenarios, faults, attackers, checkers or states',
    words: '[scenarios|faults|attackers|checkers|states]',
    minWords: 0,
    maxWords: 1,
    more: 'Scenarios, where nothing is named.',
  },
  explain: {
    about: 'a checker: its promise, where it comes from, and what breaks it',
    words: '<checker>',
    minWords: 1,
    maxWords: 1,
    more: '`swarm-sim list checkers` names them.',
  },
}

const ALL = Object.keys(VERBS) as Verb[]
const ONE_RUN: readonly Verb[] = ['run', 'replay', 'shrink', 'compare', 'determinism']

export const OPTIONS = {
  seed: {
    type: 'integer',
    verbs: [...ONE_RUN, 'pipeline'],
    help: 'seed from which faults, liars, network and peers are drawn',
    default: null,
    absent: "the run's own, else 1",
    min: 0,
    max: 4_294_967_295,
  },
  tier: {
    type: 'integer',
    verbs: [...ONE_RUN, 'sweep'],
    help: '0: pure machines; 1: real network stack and engine in virtual time; 2: real processes',
    default: null,
    absent: 'the lowest that the scenario names',
    min: 0,
    max: 2,
  },
  seeds: {
    type: 'integer',
    verbs: ['sweep', 'determinism', 'attacks'],
    help: 'how many seeds',
    default: null,
    absent: 'sweep: 100, or as many as --time allows; determinism: 1; attacks: as published',
    min: 1,
    max: 1_000_000_000,
  },
  from: {
    type: 'integer',
    verbs: ['sweep', 'determinism'],
    help: 'first seed',
    default: 1,
    min: 0,
    max: 4_000_000_000,
  },
  jobs: {
    type: 'integer',
    verbs: ['sweep', 'determinism'],
    help: 'processes that run seeds side by side',
    default: null,
    absent: 'one a core',
    min: 1,
    max: 256,
  },
  shard: {
    type: 'shard',
    verbs: ['sweep'],
    help: 'the part of the seeds that this machine runs: i/n, i from 0 to n - 1',
    default: '0/1',
  },
  time: {
    type: 'duration',
    verbs: ['sweep', 'shrink', 'determinism'],
    help: 'start nothing new after this long: 90s, 5m, 2h',
    default: null,
    absent: 'shrink: 60s; sweep, determinism: until the seeds are done',
  },
  save: {
    type: 'boolean',
    verbs: ['run', 'replay'],
    help: 'write the folder of the run: scenario.json, trace.jsonl, verdict.json, report.html',
    default: false,
  },
  out: {
    type: 'string',
    verbs: ['run', 'replay', 'sweep', 'shrink', 'pipeline'],
    help: 'where to write: a folder (run, replay: of this run; sweep: that holds those of the violations), or a file (shrink; pipeline: the picture, SVG)',
    default: null,
    absent:
      'pipeline: nothing; run, replay: nothing, with --save ./swarm-sim-runs/SCENARIO-SEED; sweep: ./swarm-sim-runs; shrink: ./SCENARIO-SEED.shrunk.json',
  },
  keep: {
    type: 'integer',
    verbs: ['sweep'],
    help: 'violations whose folders are written',
    default: 5,
    min: 0,
    max: 10_000,
  },
  until: { type: 'string', verbs: ['replay'], help: 'stop before this event', default: null, absent: 'the end' },
  verbose: {
    type: 'boolean',
    verbs: ['run', 'replay', 'sweep', 'shrink'],
    help: 'tell every event, messages too; sweep and shrink: every run',
    default: false,
  },
  peers: {
    type: 'list',
    verbs: ['scale'],
    help: 'sizes of the swarm',
    default: '10,100,1000,10000',
    min: 4,
    max: 1_000_000,
  },
  replicas: {
    type: 'integer',
    verbs: ['scale', 'attacks'],
    help: 'scale: peers that hold each stage, where the swarm is big enough; attacks: only the settings with so many',
    default: null,
    absent: 'scale: 16; attacks: all',
    min: 4,
    max: 64,
  },
  rounds: {
    type: 'integer',
    verbs: ['scale', 'attacks'],
    help: 'rounds to decide, or to train',
    default: null,
    absent: 'scale: 10; attacks: as published',
    min: 1,
    max: 100_000,
  },
  rules: { type: 'string', verbs: ['attacks'], help: 'only these rules, with commas', default: null, absent: 'all' },
  lies: { type: 'string', verbs: ['attacks'], help: 'only these attacks, with commas', default: null, absent: 'all' },
  write: {
    type: 'boolean',
    verbs: ['attacks'],
    help: 'write the table into docs/research/attacks.md, and attacks.csv beside it',
    default: false,
  },
  node: {
    type: 'string',
    verbs: ['determinism'],
    help: 'program of another Node, which makes the second run',
    default: null,
    absent: 'this one',
  },
  with: {
    type: 'string',
    verbs: ['run', 'sweep', 'replay', 'shrink', 'compare', 'determinism', 'list', 'explain'],
    help: 'files of your own with scenarios, faults, attackers or checkers, with commas (docs/research)',
    default: null,
    absent: 'only the library',
  },
  json: { type: 'boolean', verbs: ALL, help: 'print one JSON object instead of text', default: false },
  csv: {
    type: 'boolean',
    verbs: ['sweep', 'compare', 'attacks', 'scale', 'pipeline', 'merge', 'list'],
    help: 'print tables as CSV',
    default: false,
  },
} as const satisfies Record<string, OptionSpec>

export type OptionName = keyof typeof OPTIONS

/** Part `index` of `count` of a sweep's seeds. */
export interface Shard {
  readonly index: number
  readonly count: number
}

interface ValueOf {
  readonly string: string
  readonly integer: number
  readonly boolean: boolean
  readonly list: readonly number[]
  readonly duration: number
  readonly shard: Shard
}

/** What was given or defaulted; `undefined` where an option without default was not given. */
export type Settings = {
  readonly [Name in OptionName]: ValueOf[(typeof OPTIONS)[Name]['type']] | undefined
}
