/** The commands of a local swarm: the chain and the peers are the same programs that anyone starts by hand. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ContentId } from '../../protocols/wire/messages.ts'
import type { SwarmFolder } from '../run/folder.ts'
import { manifestPath } from '../run/folder.ts'
import { COLLECTION_FLAGS, MEMORY_FLAGS } from '../run/v8.ts'
import type { LocalPeer } from './setup.ts'

/** Where the bundles lie, seen from here: a chunk of one, one of them, or a source file. */
const BUNDLES = import.meta.url.includes('/chunks/') ? '../' : import.meta.url.includes('/dist/') ? './' : '../../dist/'

function bundleAt(name: string): string {
  return fileURLToPath(new URL(`${BUNDLES}${name}`, import.meta.url))
}

/** The bundle that runs right now: children run the same. */
export const PROGRAM = bundleAt('swarm-node.js')

/** What `swarm-node chain` starts. `up` starts it itself: a Node in between holds 70 MB. */
export const CHAIN_PROGRAM = bundleAt('chain.js')

/**
 * Flags of Node for many peers on few cores. The helper threads of eight garbage collectors cost a quarter of a second a
 * round more than the collections themselves. A new space of 4 MB a half, for buffers gather up to twice as much as that: what
 * outlives it more often is collected between rounds (`node/run/garbage.ts`).
 */
export const PEER_NODE_FLAGS: readonly string[] = [
  '--single-threaded-gc',
  '--max-semi-space-size=4',
  ...MEMORY_FLAGS,
  ...COLLECTION_FLAGS,
]

const MIB = 1024 * 1024

/**
 * Settings of glibc's allocator; others ignore them. With an arena a thread a peer holds half as much again as it uses.
 * The tensors of each step are freed and asked for again in the next: given back to the system in between, clearing their
 * pages anew takes a third of the engine's time. What is larger than all of them gets a mapping of its own: a state of 4 MB, which
 * is exported for each snapshot, never fits between what is in use, so it made room anew each time.
 */
export const PEER_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(3 * MIB),
  MALLOC_TRIM_THRESHOLD_: String(256 * MIB),
}

/** As for a peer, but smaller: nobody waits for the chain, and what it holds is mostly its executor's. */
export const CHAIN_NODE_FLAGS: readonly string[] = ['--single-threaded-gc', '--max-semi-space-size=2']

/** Its compiler runs in several threads, whose arenas would keep what the compilation of the executor took. */
export const CHAIN_ENVIRONMENT: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '1' }

export interface JoinCommand {
  readonly folder: SwarmFolder
  /** The run's id, for a peer that asks others for the manifest; absent: the manifest of the swarm's folder. */
  readonly run?: ContentId
  readonly peer: LocalPeer
  readonly chainUrl: string
  /** Multiaddrs to start from. */
  readonly bootstrap: readonly string[]
  readonly port: number
  readonly corpus: string
  readonly threads: number
  /** Last round to certify; null: until stopped. */
  readonly untilRound: number | null
  /** As `join` has it unless told. */
  readonly keepRounds?: number
}

/** Arguments of `swarm-node join`, as a person would type them. */
export function joinArguments(command: JoinCommand): string[] {
  const {
    folder,
    run = manifestPath(folder.root),
    peer,
    chainUrl,
    bootstrap,
    port,
    corpus,
    threads,
    untilRound,
    keepRounds,
  } = command
  return [
    'join',
    ...['--run', run],
    ...['--data', peer.folder],
    ...['--chain', chainUrl],
    ...['--listen', `/ip4/127.0.0.1/tcp/${port}`],
    ...bootstrap.flatMap(address => ['--bootstrap', address]),
    ...['--corpus', corpus],
    ...['--threads', String(threads)],
    ...(keepRounds === undefined ? [] : ['--keep-rounds', String(keepRounds)]),
    ...(untilRound === null ? [] : ['--until', String(untilRound)]),
  ]
}

/** A block of its own machine's chain costs 0.1 CPU s, and there are few: nobody need wait a second for the bonds. */
const MIN_BLOCK_MS = 100

/** Arguments of {@link CHAIN_PROGRAM}, and after the verb of `swarm-node chain`. */
export function chainArguments(folder: SwarmFolder, port: number, emptyBlockMs?: number): string[] {
  return [
    ...['--data', folder.chain, '--accounts', folder.accounts],
    ...['--min-block-ms', String(MIN_BLOCK_MS), '--port', String(port)],
    ...(emptyBlockMs === undefined ? [] : ['--empty-block-ms', String(emptyBlockMs)]),
  ]
}

export function chainLog(folder: SwarmFolder): string {
  return join(folder.chain, 'chain.log')
}

export function peerLog(peer: LocalPeer): string {
  return join(peer.folder, 'peer.log')
}

/** The commands that start each part by hand: the chain first, then the peers in any order. */
export function handCommands(
  plan: { folder: SwarmFolder; peers: readonly LocalPeer[] },
  chainUrl: string,
  settings: { corpus: string | undefined; threads: number; keepRounds?: number },
): string[] {
  const { folder, peers } = plan
  const chainPort = Number(new URL(chainUrl).port)
  const bootstrap = `/ip4/127.0.0.1/tcp/${HAND_PORT}/p2p/${peers[0]?.peer ?? ''}`
  const lines = peers.map((peer, index) =>
    joinArguments({
      folder,
      peer,
      chainUrl,
      bootstrap: index === 0 ? [] : [bootstrap],
      port: index === 0 ? HAND_PORT : 0,
      corpus: settings.corpus ?? 'moby-dick',
      threads: settings.threads,
      untilRound: null,
    }),
  )
  return [['chain', ...chainArguments(folder, chainPort)], ...lines].map(args => ['swarm-node', ...args].join(' '))
}

/** A fixed port for the first peer, so that the printed commands fit each other. */
const HAND_PORT = 47_001
