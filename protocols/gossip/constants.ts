/** Numbers of the gossip protocol, each with unit and reason. */

/** Version at the end of each topic. */
export const GOSSIP_VERSION = 1

/** A message with its kind, bytes. gossipsub drops what is above 4 MiB silently; longer certificates are announced. */
export const MESSAGE_MAX_BYTES = 1024 * 1024

/** First byte of a message. */
export const KIND_CODES = { certificate: 1, settled: 2, close: 3, record: 4, announced: 5 } as const

/** An announcement: two hashes, a run's id and two numbers, bytes. */
export const ANNOUNCEMENT_MAX_BYTES = 512

/**
 * What one peer may forward to us, messages a second and at once. gossipsub delivers each message once, so this bounds new
 * ones: a round of 64 stages makes some 200, and a mesh neighbour may be the first with all of them.
 */
export const PEER_MESSAGES_PER_SECOND = 200
export const PEER_MESSAGES_BURST = 800
/** The same in bytes. */
export const PEER_BYTES_PER_SECOND = 4 * 1024 * 1024
export const PEER_BYTES_BURST = 16 * 1024 * 1024
/** Peers whose rate is remembered; the one not heard of for longest starts anew. */
export const RATED_PEERS_MAX = 1024

/** Messages whose signatures are being checked; more are ignored. A certificate of 64 seats takes some 10 ms. */
export const CHECKS_MAX = 256

/** Rejected messages after which a peer counts as misbehaving. One may be a bug, so many are not an accident. */
export const REJECTED_MAX = 16
