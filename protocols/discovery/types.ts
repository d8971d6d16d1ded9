/** What discovery is made from, and what it gives. */
import type { PeerId } from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Clock, Random } from '../wire/environment.ts'
import type { ContentId, PeerName, Signed, StageRecord } from '../wire/messages.ts'
import type { Refusal, RefusalReason } from '../wire/refusals.ts'

export type SignedRecord = Signed<StageRecord>

/** Signs and checks records; `recordCodec` makes it of a private key. */
export interface RecordCodec {
  seal(record: StageRecord): Promise<Uint8Array>
  /** Checks encoding, bounds and signature. Never rejects. */
  open(envelope: Uint8Array): Promise<SignedRecord | Refusal>
}

/** One value that outlives the process. Losing it costs a search, never safety. */
export interface RecordStorage {
  /** Null where nothing was stored. */
  read(): Promise<Uint8Array | null>
  /** Replaces the value at once or not at all. */
  write(bytes: Uint8Array): Promise<void>
}

/** Who has a seat: from the bonds on the chain. Both may change between calls. */
export interface Seats {
  hasSeat(peer: PeerName, stage: number): boolean
  /** All seats of a stage, this peer's too. */
  seats(stage: number): readonly PeerName[]
}

export interface DiscoveryInit {
  readonly run: ContentId
  readonly stages: number
  readonly seats: Seats
  /** True for peers that come and go with a browser tab. */
  readonly ephemeral: boolean
  /** The stages whose seats must be found and connected: the own one and its neighbours. Asked on each pass. */
  readonly needed: () => readonly number[]
  /** Opens a connection. Rejects where no address answers. */
  readonly dial: (peer: PeerName, addresses: readonly string[], signal: AbortSignal) => Promise<void>
  /** Spreads an envelope on the topic of the stage (`protocols/gossip`). Resolves to how many peers it went to at first. */
  readonly publish: (stage: number, envelope: Uint8Array) => Promise<number>
  /** A record that is new or newer. */
  readonly onRecord?: (record: SignedRecord) => void
  readonly onRefused?: (reason: RefusalReason, from: PeerName | null) => void
}

export type RecordDht = Pick<KadDHT, 'put' | 'get' | 'provide' | 'findProviders'>

export interface DiscoveryComponents {
  readonly peerId: PeerId
  readonly registrar: Pick<Registrar, 'handle' | 'unhandle' | 'register' | 'unregister'>
  readonly connectionManager: Pick<ConnectionManager, 'getConnections' | 'openStream'>
  readonly dht: RecordDht
  readonly clock: Clock
  readonly random: Random
  readonly storage: RecordStorage
  readonly codec: RecordCodec
}
