/** A peer as the node puts it together, as far as network, discovery and gossip go. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import {
  createNetwork,
  fileStorage,
  type NatInit,
  type Network,
  type NetworkEvent,
} from '../../../node/network/index.ts'
import {
  type Discovery,
  discovery,
  type RecordBook,
  recordBook,
  recordCodec,
  type Seats,
} from '../../../protocols/discovery/index.ts'
import { type Gossip, type GossipPolicy, gossip } from '../../../protocols/gossip/index.ts'
import type { Clock } from '../../../protocols/wire/environment.ts'
import { smallHash } from '../../../protocols/wire/hash.ts'
import type { PeerName, Settled, Signed } from '../../../protocols/wire/messages.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'

export const RUN = 'bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
export const GENESIS = smallHash(new TextEncoder().encode('genesis'))

export const clock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Who is to have a seat where; the chain's part is played by this table. */
export class SeatTable implements Seats {
  readonly #stages: Set<PeerName>[] = []

  add(peer: PeerName, stage: number): void {
    this.#stages[stage] ??= new Set()
    this.#stages[stage].add(peer)
  }

  remove(peer: PeerName, stage: number): void {
    this.#stages[stage]?.delete(peer)
  }

  get stages(): number {
    return this.#stages.length
  }

  hasSeat(peer: PeerName, stage: number): boolean {
    return this.#stages[stage]?.has(peer) ?? false
  }

  hasPlace(peer: PeerName): boolean {
    return this.#stages.some(stage => stage?.has(peer))
  }

  seats(stage: number): readonly PeerName[] {
    return [...(this.#stages[stage] ?? [])].sort()
  }
}

export interface Identity {
  readonly key: Ed25519PrivateKey
  readonly name: PeerName
  readonly stage: number
  readonly folder: string
}

export async function identity(seats: SeatTable, stage: number): Promise<Identity> {
  const key = await generateKeyPair('Ed25519')
  const name = peerIdFromPrivateKey(key).toString()
  seats.add(name, stage)
  return { key, name, stage, folder: await mkdtemp(join(tmpdir(), 'swarm-peer-')) }
}

export interface Peer extends Identity {
  readonly network: Network
  readonly book: RecordBook
  readonly discovery: Discovery
  readonly gossip: Gossip
  readonly events: readonly NetworkEvent[]
  readonly settled: readonly Signed<Settled>[]
  readonly refused: readonly string[]
  stop(): Promise<void>
}

export interface PeerOptions {
  readonly bootstrap?: readonly string[]
  readonly listen?: readonly string[]
  /** With it the peer has the profile for strangers. */
  readonly nat?: NatInit
  readonly announce?: readonly string[]
  /** All others are strangers; absent: nobody is. */
  readonly hasPlace?: (peer: PeerName) => boolean
}

const LOOPBACK = ['/ip4/127.0.0.1/tcp/0']

export async function startPeer(
  self: Identity,
  seats: SeatTable,
  { bootstrap = [], listen = LOOPBACK, announce = [], nat, hasPlace }: PeerOptions = {},
): Promise<Peer> {
  const events: NetworkEvent[] = []
  let isStarted = false
  const settled: Signed<Settled>[] = []
  const refused: string[] = []
  const stages = seats.stages
  const codec = recordCodec(self.key)
  const book = recordBook({ run: RUN, stages, seats, codec, onRefused: reason => refused.push(reason) })
  const network = await createNetwork({
    privateKey: self.key,
    listen,
    announce,
    bootstrap,
    profile: nat === undefined ? 'local' : 'public',
    ...(nat === undefined ? {} : { nat }),
    datastoreDir: join(self.folder, 'network'),
    records: book.rules,
    ...(hasPlace === undefined ? {} : { hasPlace }),
    clock,
    random: Math.random,
    signal: new AbortController().signal,
    onEvent: event => {
      events.push(event)
      if (event.type === 'disconnected') peers.wake()
      if (event.type === 'addresses' && isStarted)
        peers.announce(self.stage, event.addresses).catch(error => refused.push(String(error)))
    },
  })
  const policy: GossipPolicy = {
    certificate: () => null,
    announced: () => ({ refused: 'unknown-item' }),
    settled: message => (seats.hasSeat(message.signer, 0) ? null : { refused: 'no-seat' }),
    close: () => null,
    record: (envelope, context) => peers.accept(envelope, context),
  }
  const spread = gossip({
    run: RUN,
    genesis: GENESIS,
    stages,
    policy,
    handlers: { certificate: () => {}, settled: message => settled.push(message), close: () => {} },
    onRefused: reason => refused.push(reason),
  })({ pubsub: network.components.pubsub, clock })
  const peers = discovery(
    {
      run: RUN,
      stages,
      seats,
      ephemeral: false,
      needed: () => Array.from({ length: stages }, (_, stage) => stage),
      dial: async (peer, addresses, signal) => {
        await network.dialPeer(peer, { addresses, signal })
      },
      publish: async (stage, envelope) => {
        const sent = await spread.publish(stage, 'record', envelope)
        return isRefusal(sent) ? 0 : sent
      },
    },
    book,
  )({ ...network.components, clock, random: Math.random, codec, storage: fileStorage(join(self.folder, 'records')) })
  spread.start()
  await peers.start()
  await peers.announce(self.stage, network.addresses())
  isStarted = true
  const stop = async (): Promise<void> => {
    spread.stop()
    await peers.stop()
    await network.stop()
  }
  return { ...self, network, book, discovery: peers, gossip: spread, events, settled, refused, stop }
}

/** Resolves when `holds` does; it is asked whenever something may have happened. Rejects after `limitMs`. */
export async function until(what: string, holds: () => boolean, limitMs = 10_000): Promise<number> {
  const startMs = performance.now()
  while (!holds()) {
    if (performance.now() - startMs > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return performance.now() - startMs
}

/** Every peer knows the record of every other, and is connected to it. */
export function complete(peers: readonly Peer[], seats: SeatTable): boolean {
  return peers.every(peer => {
    const connected = new Set(peer.network.connections().map(connection => connection.peer))
    return peers.every(
      other =>
        other.name === peer.name ||
        (connected.has(other.name) &&
          seats.hasSeat(other.name, other.stage) &&
          peer.discovery.recordOf(other.name, other.stage) !== null),
    )
  })
}
