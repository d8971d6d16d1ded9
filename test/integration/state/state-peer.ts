/** A real peer of the state protocol alone: libp2p over TCP, noise and yamux, and a round store on the disk. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noise } from '@chainsafe/libp2p-noise'
import type { Libp2p } from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { nativeHash } from '../../../node/engine/runtime/hashing.ts'
import { type IncomingHead, openFolder, RoundStore, type SnapshotHead } from '../../../node/journal/index.ts'
import { noiseCrypto } from '../../../node/network/noise-crypto.ts'
import { digestOf } from '../../../node/peer/digest.ts'
import { makeSystem } from '../../../node/peer/system.ts'
import {
  type CertifiedSnapshot,
  SNAPSHOT_CHUNK_BYTES,
  type State,
  type StateInit,
  type StateSource,
  state,
} from '../../../protocols/state/index.ts'
import { smallHash } from '../../../protocols/wire/hash.ts'
import { merkleRoot } from '../../../protocols/wire/merkle.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'

export const ROUND = 16

/** A state of pseudo-random bytes; the same for the same length. */
export function makeState(bytes: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(bytes / 4))
  let word = 0x9e3779b9
  for (let index = 0; index < words.length; index++) {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    words[index] = word
  }
  return new Uint8Array(words.buffer, 0, bytes)
}

export interface Certified {
  readonly wanted: CertifiedSnapshot
  readonly head: IncomingHead & SnapshotHead
}

/** What a certificate would say of it. */
export function certify(bytes: Uint8Array): Certified {
  const leaves = Array.from({ length: Math.ceil(bytes.length / SNAPSHOT_CHUNK_BYTES) }, (_, index) =>
    nativeHash(bytes.subarray(index * SNAPSHOT_CHUNK_BYTES, (index + 1) * SNAPSHOT_CHUNK_BYTES)),
  )
  const fullRoot = merkleRoot(leaves, smallHash)
  const link = new Uint8Array(32).fill(1)
  return {
    wanted: { stage: 0, round: ROUND, fullRoot, bytes: bytes.length },
    head: { round: ROUND, link, state: link, fullRoot, leaves },
  }
}

export async function openStore(folder: string): Promise<RoundStore> {
  return RoundStore.open({ storage: await openFolder(folder), stage: 0, stages: 1, digest: digestOf })
}

/** What a round store serves, as node/peer gives it to the protocol. */
export function sourceOf(store: RoundStore): StateSource {
  const none = new Uint8Array(32)
  return {
    status: () => ({
      stage: 0,
      round: ROUND,
      link: none,
      state: none,
      snapshotRound: store.snapshots[0]?.round ?? null,
    }),
    oldest: () => null,
    certificates: async () => [],
    aggregates: async round => store.aggregates(round),
    aggregate: (round, partition) => store.aggregate(round, partition),
    snapshot(round) {
      const head = store.snapshots.find(one => one.round === round)
      return head === undefined ? null : { round, bytes: head.bytes, leaves: head.leaves }
    },
    snapshotPiece: (round, offset, bytes) => store.snapshotPiece(round, offset, bytes),
    kept: () => null,
  }
}

export interface StatePeer {
  readonly name: PeerName
  readonly node: Libp2p<{ parts: { registrar: Registrar; connectionManager: ConnectionManager } }>
  readonly state: State
  readonly addresses: readonly string[]
  /** Reason and peer of everything that was refused. */
  readonly refused: readonly (readonly [reason: string, peer: PeerName])[]
  know(other: { readonly name: PeerName; readonly addresses: readonly string[] }): Promise<void>
  stop(): Promise<void>
}

export async function startStatePeer(init: Omit<StateInit, 'admit' | 'handlers'>): Promise<StatePeer> {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise({ crypto: noiseCrypto })],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: {
      parts: (all: { registrar: Registrar; connectionManager: ConnectionManager }) => ({
        registrar: all.registrar,
        connectionManager: all.connectionManager,
      }),
    },
  })
  const refused: [string, PeerName][] = []
  const protocol = state({
    ...init,
    admit: () => null,
    handlers: { refused: (reason, peer) => refused.push([reason, peer]) },
  })({ ...node.services.parts, ...makeSystem(), digest: digestOf })
  await protocol.start()
  return {
    name: node.peerId.toString(),
    node,
    state: protocol,
    addresses: node.getMultiaddrs().map(String),
    refused,
    know: async other => {
      await node.dial(other.addresses.map(address => multiaddr(address)))
    },
    async stop() {
      await protocol.stop()
      await node.stop()
    },
  }
}

/** Calls with a folder that is removed afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-state-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
