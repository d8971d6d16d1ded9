/** Limits of the evaluation protocol; each with its unit and reason. */

const KIB = 1024
const MIB = 1024 * KIB

export const EVALUATION_PROTOCOL = '/swarm-node/evaluation/1.0.0'

/** Milliseconds for one batch through all later stages: they may first have to finish the round. */
export const EVALUATION_TIMEOUT_MS = 30_000

/** Requests of all peers that are computed or wait at a time: a measurement is no reason to hold up the training. */
export const MAX_OPEN = 4

/** Requests of one peer in a round: a measurement is a few batches, and a stranger to it must not become a load. */
export const MAX_PER_PEER_AND_ROUND = 32

/** Peers whose requests are counted. */
export const MAX_COUNTED_PEERS = 256

/** Bytes of activations received at a time, all peers together. */
export const BODY_BYTES_IN_FLIGHT = 64 * MIB
