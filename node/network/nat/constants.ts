/** Numbers of reachability, each with its unit and its reason. */
import type { RelayLimits } from './types.ts'

const KIB = 1024
const MIB = 1024 * KIB
const MINUTE_MS = 60 * 1000

/** Our own multicast name: peers of other libp2p programs in the house are no use. */
export const MDNS_SERVICE = '_swarm-node._udp.local'
/** How often the local network is asked, ms. */
export const MDNS_INTERVAL_MS = 20_000

/** No verdict 'not reachable' before this, ms: a router's answer and a dial back take some seconds. */
export const VERDICT_GRACE_MS = 20_000
/** A verdict lasts at least this long against news that only weaken it, ms: connections come and go. */
export const VERDICT_HOLD_MS = 60_000
/** Changes that come together are judged together, ms. */
export const VERDICT_SETTLE_MS = 250

/** Relays that a peer behind a router holds places at: one may leave. */
export const RELAYS_WANTED = 2
/** How often a peer looks for a relay while it holds fewer, ms; connected peers are asked only. */
export const RELAY_SEARCH_MS = 5_000
/** How long asking for a place may take, ms. */
export const RESERVATION_TIMEOUT_MS = 5_000
/** How long a place is kept, ms: the relay specification's hour. It is renewed in time, and given up with the connection. */
export const RESERVATION_MS = 60 * MINUTE_MS
/** A relay's door: time to say what is wanted, ms. */
export const HOP_TIMEOUT_MS = 10_000

/** First wait before a relayed peer is dialled directly, ms; doubled on each failure. */
export const DIRECT_FIRST_MS = 1_000
/** Longest wait between two attempts to replace a relay, ms. */
export const DIRECT_MAX_MS = 10 * MINUTE_MS
/** How long one attempt may take, ms. */
export const DIRECT_TIMEOUT_MS = 8_000
/** Peers that are dialled directly at once. */
export const DIRECT_PARALLEL = 4
/** The relayed connection lives on for this long beside the direct one, ms: what it carries arrives. */
export const REPLACED_AFTER_MS = 1_000

/** One address of a peer, ms: behind it may come the relay, and the whole dial has 10 s. */
export const ADDRESS_TIMEOUT_MS = 3_000

/**
 * 64 MiB are some hundred boundary tensors of the small preset: enough to bridge, too little to live on. js-libp2p's own
 * 128 KiB would end within a round.
 */
export const RELAY_LIMITS: RelayLimits = {
  reservations: 32,
  reservationsPerHost: 4,
  circuits: 64,
  circuitsPerPeer: 16,
  circuitBytes: 64 * MIB,
  circuitMs: 30 * MINUTE_MS,
}
