/** What the rest of the node sees of the network: libp2p's components, and a few verbs. */

import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type {
  ComponentLogger,
  Connection,
  Libp2pEvents,
  PeerId,
  PeerStore,
  PrivateKey,
  TypedEventTarget,
} from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { KadDHT, SelectFn, ValidateFn } from '@libp2p/kad-dht'
import type { Clock, Random } from '../../protocols/wire/environment.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { NatInit, Reachability } from './nat/types.ts'
import type { OtherVersion } from './versions.ts'

/** `local`: many peers on one machine or a trusted network. `public`: strangers; limits an IP, private addresses are not passed on. */
export type Profile = 'local' | 'public'

/** How the DHT treats values under `/<namespace>/...`; `protocols/discovery` supplies both functions. */
export interface RecordRules {
  readonly namespace: string
  readonly validate: ValidateFn
  readonly select: SelectFn
}

export interface NetworkInit {
  readonly privateKey: PrivateKey
  /** Multiaddrs, e.g. `/ip4/0.0.0.0/tcp/0` and `/ip6/::/tcp/0`; port 0 takes a free one. */
  readonly listen: readonly string[]
  /** Multiaddrs that others are told to dial; empty: those that are listened on. */
  readonly announce: readonly string[]
  /** Multiaddrs of peers to start from, with or without `/p2p/<peer>`. */
  readonly bootstrap: readonly string[]
  readonly profile: Profile
  /** Relays, hole punching, reachability checks, port mapping, local discovery; absent: none of them is even loaded. */
  readonly nat?: NatInit
  /** Folder of the address book and the DHT's values; kept over restarts. */
  readonly datastoreDir: string
  readonly records: RecordRules
  /** Peers that take part in the run: others get little time and room. Absent: all may take what they need. */
  readonly hasPlace?: (peer: PeerName) => boolean
  readonly clock: Clock
  readonly random: Random
  /** Stops the network when it fires. */
  readonly signal: AbortSignal
  readonly onEvent?: (event: NetworkEvent) => void
}

export type NetworkEvent =
  | { readonly type: 'connected'; readonly peer: PeerName }
  | { readonly type: 'disconnected'; readonly peer: PeerName }
  /** The peer's own addresses, without /p2p; raised whenever they change. */
  | { readonly type: 'addresses'; readonly addresses: readonly string[] }
  /** No bootstrap or stored peer answers yet. */
  | { readonly type: 'isolated'; readonly attempts: number; readonly lastError: string }
  /** How others reach this peer; raised when it is known and whenever it changes. */
  | ({ readonly type: 'reachability' } & Reachability)
  /** A connected peer that speaks one of our protocols, but in no version that this peer speaks; raised once a connection. */
  | ({ readonly type: 'other-version'; readonly peer: PeerName } & OtherVersion)
  /** Something that a person may want to know, and that goes on by itself. */
  | { readonly type: 'trouble'; readonly message: string }
  | { readonly type: 'denied'; readonly peer: PeerName; readonly reason: string }

/** What protocols use of libp2p's connection manager. */
export type Dials = Pick<ConnectionManager, 'getConnections' | 'openConnection' | 'openStream' | 'closeConnections'>

/** What protocols are made from; each takes only those it uses. */
export interface NetworkComponents {
  readonly peerId: PeerId
  readonly privateKey: PrivateKey
  readonly registrar: Registrar
  readonly connectionManager: Dials
  readonly peerStore: PeerStore
  readonly events: TypedEventTarget<Libp2pEvents>
  readonly logger: ComponentLogger
  readonly pubsub: GossipSub
  readonly dht: KadDHT
}

export interface ConnectionInfo {
  readonly peer: PeerName
  /** Multiaddr of the other end. */
  readonly address: string
  /** The relay between, or null on a direct connection. */
  readonly relay: PeerName | null
  readonly direction: 'inbound' | 'outbound'
  readonly streams: number
}

export interface SentBytes {
  /** Payload bytes handed to streams, by kind of traffic: the protocol's folder, `dht`, `gossip`, `libp2p`. */
  readonly byKind: Readonly<Record<string, number>>
  /** Bytes written to sockets: payload, muxer frames and encryption. */
  readonly total: number
}

export interface DialOptions {
  readonly signal: AbortSignal
  /** Added to the stored addresses, without /p2p. */
  readonly addresses?: readonly string[]
  /** Opens one more connection although one is open: control messages stay off the bulk one. */
  readonly another?: boolean
}

export interface Network {
  readonly peer: PeerName
  readonly components: NetworkComponents
  /** Own addresses as others are told them, without /p2p. */
  addresses(): readonly string[]
  /** Null while unknown, and always without `nat`. */
  reachability(): Reachability | null
  connections(): readonly ConnectionInfo[]
  /** Opens or reuses a connection. Rejects where no address answers. */
  dialPeer(peer: PeerName, options: DialOptions): Promise<Connection>
  /** Closes the peer's connections and refuses new ones until the process ends or {@link allow}. */
  deny(peer: PeerName, reason: string): Promise<void>
  allow(peer: PeerName): void
  /** Denied peers with the reasons. */
  denied(): ReadonlyMap<PeerName, string>
  bytes(): SentBytes
  stop(): Promise<void>
}
