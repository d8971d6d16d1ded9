/** Stand-ins for what discovery is made from: no network, no signatures, no time of its own. */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PeerId, StreamHandler, Topology } from '@libp2p/interface'
import { type KadDHT, MessageType, type QueryEvent } from '@libp2p/kad-dht'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type {
  DiscoveryComponents,
  RecordCodec,
  RecordDht,
  RecordStorage,
  Seats,
} from '../../../protocols/discovery/index.ts'
import { decodeStrict, encode } from '../../../protocols/wire/cbor.ts'
import { isMap } from '../../../protocols/wire/fields.ts'
import { hashHex } from '../../../protocols/wire/hash.ts'
import type { PeerName, StageRecord } from '../../../protocols/wire/messages.ts'
import { refuse } from '../../../protocols/wire/refusals.ts'
import { validatePayload } from '../../../protocols/wire/table.ts'
import type { VirtualClock } from './virtual-clock.ts'

export const RUN = 'bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
export const OTHER_RUN = 'bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

const seeds = Array.from({ length: 8 }, (_, index) => new Uint8Array(32).fill(index + 1))
export const PEERS: readonly PeerId[] = await Promise.all(
  seeds.map(async seed => peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', seed))),
)
export const NAMES: readonly PeerName[] = PEERS.map(peer => peer.toString())
export const name = (index: number): PeerName => NAMES[index] ?? ''

export function record(sequence: number, fields: Partial<StageRecord> = {}): StageRecord {
  return {
    kind: 'record',
    run: RUN,
    stage: 0,
    sequence,
    addresses: ['/ip4/127.0.0.1/tcp/1'],
    ephemeral: false,
    ...fields,
  }
}

/** "Signed" by naming the signer. */
export function envelopeOf(signer: PeerName, payload: StageRecord): Uint8Array {
  return encode({ signer, payload })
}

export function codecOf(signer: PeerName): RecordCodec {
  return {
    seal: async payload => envelopeOf(signer, payload),
    open: async envelope => {
      const value = decodeStrict(envelope, { maxBytes: 65_536 })
      if (!isMap(value) || typeof value['signer'] !== 'string') return refuse('bad-signature')
      const payload = validatePayload('record', value['payload'])
      if ('refused' in payload) return payload
      return payload.kind === 'record' ? { signer: value['signer'], payload, envelope } : refuse('bad-encoding')
    },
  }
}

export class MemoryStorage implements RecordStorage {
  bytes: Uint8Array | null = null
  writes = 0
  fails = false

  async read(): Promise<Uint8Array | null> {
    return this.bytes
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.fails) throw new Error('disk full')
    this.writes++
    this.bytes = bytes
  }
}

export function seatsOf(...stages: readonly (readonly PeerName[])[]): Seats {
  return {
    hasSeat: (peer, stage) => stages[stage]?.includes(peer) ?? false,
    seats: stage => stages[stage] ?? [],
  }
}

const path = { index: 0, queued: 0, running: 0, total: 0 }

function tookBy(from: PeerId, messageName: 'PUT_VALUE' | 'ADD_PROVIDER'): QueryEvent {
  const messageType = MessageType[messageName]
  return { type: 1, name: 'PEER_RESPONSE', from, messageName, messageType, closer: [], providers: [], path }
}

/** One DHT that all test peers share; `hangs` makes queries wait for their signal, as those of an isolated peer do. */
export class FakeDht implements RecordDht {
  readonly values = new Map<string, Uint8Array>()
  readonly providers = new Map<string, Set<PeerId>>()
  readonly self: PeerId
  puts = 0
  provides = 0
  /** Peers that take what is put. */
  takers: readonly PeerId[] = []
  hangs = false

  constructor(self: PeerId) {
    this.self = self
  }

  put: KadDHT['put'] = (key, value, options) =>
    this.#query(options?.signal, () => {
      this.puts++
      this.values.set(hashHex(key), value)
      return this.takers.map(from => tookBy(from, 'PUT_VALUE'))
    })

  get: KadDHT['get'] = (key, options) =>
    this.#query(options?.signal, () => {
      const value = this.values.get(hashHex(key))
      return value === undefined ? [] : [{ type: 5, name: 'VALUE', from: this.self, value, path } satisfies QueryEvent]
    })

  provide: KadDHT['provide'] = (cid, options) =>
    this.#query(options?.signal, () => {
      this.provides++
      const known = this.providers.get(cid.toString()) ?? new Set()
      this.providers.set(cid.toString(), known.add(this.self))
      return this.takers.map(from => tookBy(from, 'ADD_PROVIDER'))
    })

  findProviders: KadDHT['findProviders'] = (cid, options) =>
    this.#query(options?.signal, () => {
      const providers = [...(this.providers.get(cid.toString()) ?? [])].map(id => ({ id, multiaddrs: [] }))
      return [{ type: 4, name: 'PROVIDER', from: this.self, providers, path } satisfies QueryEvent]
    })

  async *#query(signal: AbortSignal | undefined, answer: () => readonly QueryEvent[]): AsyncGenerator<QueryEvent> {
    if (this.hangs) {
      await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    }
    yield* answer()
  }
}

/** Keeps what was registered, so that a test can play the network. */
export class FakeRegistrar {
  handler: StreamHandler | null = null
  topology: Topology | null = null

  async handle(_protocol: string, handler: StreamHandler): Promise<void> {
    this.handler = handler
  }

  async unhandle(): Promise<void> {
    this.handler = null
  }

  async register(_protocol: string, topology: Topology): Promise<string> {
    this.topology = topology
    return 'topology'
  }

  unregister(): void {
    this.topology = null
  }
}

export function componentsOf(
  self: PeerId,
  clock: VirtualClock,
  changes: Partial<DiscoveryComponents> = {},
): DiscoveryComponents {
  return {
    peerId: self,
    registrar: new FakeRegistrar(),
    connectionManager: {
      getConnections: () => [],
      openStream: async () => {
        throw new Error('nobody is connected')
      },
    },
    dht: new FakeDht(self),
    clock,
    random: () => 1,
    storage: new MemoryStorage(),
    codec: codecOf(self.toString()),
    ...changes,
  }
}
