/** The rules of the house as tables; `tidy.test.ts` walks them (architecture.md, "The house"). */

export interface ImportRule {
  /** Files under this prefix ... */
  readonly from: string
  /** ... may import internal files only under these. */
  readonly may: readonly string[]
}

/** The first rule whose prefix fits counts. */
export const IMPORT_RULES: readonly ImportRule[] = [
  { from: 'protocols/wire/', may: ['protocols/wire/'] },
  { from: 'consensus/', may: ['consensus/', 'protocols/wire/'] },
  { from: 'protocols/', may: ['protocols/wire/'] },
  { from: 'node/', may: ['node/', 'protocols/', 'consensus/'] },
  { from: 'simulations/', may: ['simulations/', 'node/', 'protocols/', 'consensus/'] },
  // The examples of docs/research are run as they stand.
  { from: 'test/', may: ['test/', 'simulations/', 'node/', 'protocols/', 'consensus/', 'docs/research/examples/'] },
  { from: 'docs/research/examples/', may: ['simulations/'] },
]

export interface PackageRule {
  readonly pattern: RegExp
  /** The only places that may import it. */
  readonly only: readonly string[]
}

export const PACKAGE_RULES: readonly PackageRule[] = [
  { pattern: /^@polkadot\//, only: ['consensus/chain/', 'node/chain/', 'test/'] },
  { pattern: /^@acala-network\//, only: ['node/chain/', 'test/'] },
  { pattern: /^@substrate\/connect-known-chains/, only: ['node/chain/', 'test/'] },
  { pattern: /^onnxruntime-node$/, only: ['node/engine/', 'test/'] },
]

/** Folders that must run in a browser: no Node, no ambient clock or randomness. */
export const PURE_FOLDERS = [
  'protocols/',
  'consensus/',
  'node/engine/onnx/',
  'node/engine/autodiff/',
  'node/engine/models/',
  'node/engine/partition/',
]
export const PURE_EXCEPTIONS = ['consensus/chain/adapters/']

export interface Ban {
  readonly pattern: RegExp
  readonly instead: string
}

export const PURE_BANS: readonly Ban[] = [
  { pattern: /from 'node:/, instead: 'hand it in from node/' },
  { pattern: /\bBuffer\b/, instead: 'Uint8Array' },
  { pattern: /\bprocess\./, instead: 'hand it in from node/' },
  { pattern: /\bnew Date\b|\bDate\.now\b|\bperformance\.now\b/, instead: 'Clock' },
  { pattern: /\bset(Timeout|Interval|Immediate)\b/, instead: 'Clock.after' },
  { pattern: /\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b/, instead: 'Random' },
  { pattern: /\bAbortSignal\.timeout\b/, instead: 'Clock.after and an AbortController' },
]

export const EVERYWHERE_BANS: readonly Ban[] = [
  { pattern: /@ts-(ignore|expect-error|nocheck)/, instead: 'a type that fits' },
  { pattern: /biome-ignore|eslint-disable/, instead: 'code that passes' },
  { pattern: /\bas unknown as\b/, instead: 'a type guard' },
  { pattern: /\bTODO\b|\bFIXME\b/, instead: 'the thing itself' },
  { pattern: /catch\s*(\(\w+\))?\s*\{\s*\}/, instead: 'say in a comment why the error may be dropped, or handle it' },
]

export const MAX_LINES = 400

/** Entry points that a browser is to run; each must bundle without polyfills. */
export const BROWSER_FOLDERS = [
  'protocols/wire',
  'protocols/discovery',
  'protocols/evaluation',
  'protocols/run',
  'protocols/activations',
  'protocols/reduce',
  'protocols/agreement',
  'protocols/state',
  'protocols/gossip',
  'consensus/election',
  'consensus/round',
  'consensus/membership',
  'consensus/recovery',
  'consensus/aggregation',
  'consensus/routing',
  'consensus/contribution',
  'node/engine/onnx',
  'node/engine/autodiff',
  'node/engine/models',
  'node/engine/partition',
]

/** What every protocol folder holds; wire is the ground they stand on and has no class of its own. */
export const PROTOCOL_FILES = ['README.md', 'constants.ts', 'index.ts']
