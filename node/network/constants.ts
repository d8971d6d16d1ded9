/** Every number of the network, with its unit and its reason. Figures marked (m) were measured: design/libp2p.md. */
import { STREAM_WINDOW_BYTES } from '../../protocols/wire/constants.ts'
import type { Profile } from './types.ts'

const KIB = 1024
const MIB = 1024 * KIB
const DAY_MS = 24 * 60 * 60 * 1000

/** Our own DHT, apart from the public IPFS one. */
export const KAD_PROTOCOL = '/swarm-node/kad/1.0.0'

/** Window that a stream begins with, bytes. Not ours to choose: yamux's specification. */
export const STREAM_WINDOW_BEGIN_BYTES = 256 * KIB
/** What a stream's first frame widens it to, bytes. 57 -> 72 MB/s at 100 ms against 256 KiB (m). */
export const STREAM_WINDOW_WIDE_BYTES = 4 * MIB
/** The window grows up to this, bytes (yamux's own default); frames count on it. */
export const STREAM_WINDOW_MAX_BYTES = STREAM_WINDOW_BYTES
/** A paused stream is reset when more than this waits, so it must exceed the largest window (m); bytes. */
export const READ_BUFFER_MAX_BYTES = 32 * MIB
/** Streams one connection may open towards us; each protocol has its own, smaller limit. */
export const STREAMS_INBOUND_MAX = 256
/** Streams that may wait for their protocol to be negotiated, a connection. */
export const STREAMS_EARLY_MAX = 32

/** Answers to pings that may wait on a stream until the other end reads them, bytes: 2,048 of them. A peer waits for each. */
export const PINGS_UNREAD_MAX_BYTES = 64 * KIB

/** How often is looked whether something came through a connection, ms; one through which nothing came is pinged. */
export const LIVENESS_LOOK_MS = 5_000
/** A peer whose cores are busy with a gradient answers late: a connection ends only after so much silence, ms. */
export const SILENCE_MAX_MS = 25_000

/** How long one dial may take over all addresses of a peer, ms. */
export const DIAL_TIMEOUT_MS = 10_000
/** From a connection to comparing versions, ms: both ends have said by then what they speak, and started it. */
export const VERSIONS_AFTER_MS = 3_000
/** How long stop() waits for libp2p and the address book before it gives up, ms. */
export const STOP_TIMEOUT_MS = 5_000

/** libp2p forgets addresses after 1 h and peers after 6 h, which would strand a peer that was off for a day; ms. */
export const ADDRESS_BOOK_AGE_MS = 30 * DAY_MS
/** How often the DHT looks which peers are nearest to it, to keep connections to them, ms. */
export const CLOSEST_PEERS_MS = 30_000
/** Connections to one peer: bulk, control, and one that is being replaced on each side. */
export const CONNECTIONS_PER_PEER_MAX = 4
/** Denied peers that are remembered; the oldest is forgotten. */
export const DENIED_MAX = 1024
/** Protocol kinds that bytes are counted under; further ones are counted as `other`. */
export const BYTE_KINDS_MAX = 64

/** Addresses of which is remembered whether they are private, about 100 bytes each. */
export const JUDGED_ADDRESSES_MAX = 4096
/** Decoded peers of the address book that are kept, about 2 KiB each; with more it begins anew. */
export const CACHED_PEERS_MAX = 1024
/** Addresses that are known of one peer; a peer of ours has at most 16. Each is some 20 bytes, and looked at with each that is named. */
export const PEER_ADDRESSES_MAX = 32
/** Provider records that are kept of one peer: the stages that it holds, and has held for two days. */
export const PROVIDED_BY_PEER_MAX = 64
/** Provider records of all other peers, some 150 bytes each. */
export const PROVIDER_RECORDS_MAX = 4096
/** Stored peers that are tried when bootstrap peers are away. */
export const STORED_PEERS_MAX = 64
/** Bootstrap and stored peers that are dialled at once. */
export const BOOTSTRAP_DIALS_MAX = 8
/** With this many connected peers the bootstrapper rests: discovery dials whom it needs. */
export const BOOTSTRAP_ENOUGH_PEERS = 8
/** First wait of a target's back-off, ms; doubled on each failure, jittered to half. */
export const BOOTSTRAP_BACKOFF_FIRST_MS = 250
/** Longest wait of a target's back-off, ms: a late bootstrap peer is noticed within it. */
export const BOOTSTRAP_BACKOFF_MAX_MS = 15_000
/** From being told of a peer in the local network to dialling it, ms: libp2p stores its addresses meanwhile. */
export const DISCOVERED_AFTER_MS = 500
/** How often the bootstrapper looks when there is nothing to dial, ms. */
export const BOOTSTRAP_IDLE_MS = 15_000

/** Largest message that gossip carries, bytes (protocols/gossip). */
export const GOSSIP_MESSAGE_MAX_BYTES = MIB
/** gossipsub throws beyond this much unsent data a peer, bytes: eight of the largest messages. */
export const GOSSIP_OUTBOUND_MAX_BYTES = 8 * GOSSIP_MESSAGE_MAX_BYTES
/** Memory for one peer's subscriptions, bytes (about 1 KiB a topic): 64 stages and as many again. */
export const GOSSIP_TOPIC_BYTES_PER_PEER = 128 * KIB

/** What a connection may say before its encryption names it, bytes: a handshake takes some 500, with an RSA key 1,500. */
export const HANDSHAKE_MAX_BYTES = 16 * KIB
/** Frames that a peer may bring in a row; each takes some 20 us, so that is a fifth of a second. */
export const FRAMES_BURST = 10_000
/** Frames a millisecond that it may bring for long: 4 % of a core. A peer of ours sends some hundred a second. */
export const FRAMES_PER_MS = 2
/** So many bytes pay for a frame: bulk comes in frames of 16 KiB (Rust) to 1 MiB (ours). */
export const FRAME_BYTES = 4 * KIB
/** Streams that a peer may open at a time; each takes some 0.3 ms to negotiate. Whoever looks up 256 seats of three stages opens 768. */
export const STREAMS_BURST = 1_024
/** Streams a millisecond that it may open for long. The DHT and discovery need some a second. */
export const STREAMS_PER_MS = 0.1
/** Part of this thread's time that all peers without a place in the run may take. */
export const STRANGERS_SHARE = 0.2
/** What they may take at once, ms. */
export const STRANGERS_BURST_MS = 250
/** Part that one connection of theirs may take: others get theirs beside it. */
export const STRANGER_SHARE = 0.05
/** What one may take at once, ms: it introduces itself, asks the DHT and for records. */
export const STRANGER_BURST_MS = 100
/** Bytes of a stranger that count as a millisecond, for what comes after they were read: 3 MiB/s of all. A newcomer sends some KiB. */
export const STRANGER_BYTES_PER_MS = 16 * KIB
/** A frame of a stranger, bytes: what it passes on over gossip has 1 MiB. All strangers together may hold 256 such in the making. */
export const STRANGER_FRAME_MAX_BYTES = 2 * MIB
/** What a request of a stranger to the DHT counts as, ms: it looks at all peers near to a key. */
export const DHT_REQUEST_MS = 0.5
/**
 * What counts of one turn of a stranger at most, ms, as much as it takes to open all the streams that one may: it is measured by the clock,
 * which goes on while the machine sleeps, other programs run or memory is cleared up, and beside it this thread does what is none of the
 * stranger's. Made up for in 10 s; after 25 s without a word its connection would end.
 */
export const TURN_MAX_MS = 500
/** What a stranger took counts half after so long, ms, where it is decided who goes first: who has waited for a place all day is no attacker. */
export const USED_HALVED_MS = 60_000
/** Strangers that are read from again at a time: each brings up to 64 KiB at once, a tenth of a second where they are pings. */
export const STRANGERS_RESUMED_MAX = 2
/** For how long a peer that has a place, or none, is taken to have it, ms: seats change with a block at most. */
export const PLACE_LOOK_MS = 1_000
/** Peers of which is remembered what they took, though they come again; some 100 bytes each. */
export const ACCOUNTS_MAX = 2_048
/** How often is looked who may go on, ms. */
export const PACE_LOOK_MS = 50

/** How long one of a host that has most stays though others of it come, ms: a handshake of a busy machine over a slow line. */
export const CROWD_STAYS_MS = 2_000

export interface ProfileLimits {
  /** Connections in all; beyond it the least valued are closed. */
  readonly connections: number
  /** Inbound connections that are still being secured; beyond it the oldest of the host that has most goes. */
  readonly pending: number
  /** Connections of peers without a place in the run, which leave room for those with one; beyond it as above. */
  readonly strangers: number
  /** Inbound connections a second from one IP; libp2p's 5 isolates local swarms of 32 (m), 1000 lets one IP hold all pending slots (m). */
  readonly inboundPerSecond: number
  /** Inbound connections of peers without a place from one IPv4 address or IPv6 /64. */
  readonly perAddress: number
  /** gossipsub's penalty for more than 10 peers on an IP loses 15 % of local swarms (m). */
  readonly colocationWeight: number
  /** Whether private and loopback addresses are worth passing on. */
  readonly privateAddresses: boolean
  /** Peers that a message is forwarded to: [fewest, wanted, most]. */
  readonly mesh: readonly [number, number, number]
}

export const PROFILES: Readonly<Record<Profile, ProfileLimits>> = {
  local: {
    connections: 512,
    pending: 200,
    strangers: 256,
    inboundPerSecond: 1000,
    perAddress: 512,
    colocationWeight: 0,
    privateAddresses: true,
    // Publishing reaches every peer at once; a wider mesh would only send each of a dozen peers everything six times.
    mesh: [2, 3, 6],
  },
  public: {
    connections: 300,
    pending: 32,
    strangers: 150,
    inboundPerSecond: 5,
    perAddress: 16,
    colocationWeight: -5,
    privateAddresses: false,
    // gossipsub's own.
    mesh: [4, 6, 12],
  },
}
