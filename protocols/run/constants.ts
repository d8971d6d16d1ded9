/** Limits of the run protocol; each with its unit and reason. */

export const RUN_PROTOCOL = '/swarm-node/run/1.0.0'

/** Milliseconds for an answer of one small body. */
export const REQUEST_TIMEOUT_MS = 10_000

/** Requests of one peer that are answered: a stranger needs one. */
export const MAX_PER_PEER = 8

/** Peers whose requests are counted; beyond it the oldest are forgotten. */
export const MAX_COUNTED_PEERS = 1_024

/** Bytes of answers received at a time. */
export const BODY_BYTES_IN_FLIGHT = 1024 * 1024
