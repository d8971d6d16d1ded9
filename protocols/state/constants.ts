/** Limits of the state protocol; each with its unit and reason. */

const MIB = 1024 * 1024

export const STATE_PROTOCOL = '/swarm-node/state/1.0.0'

/** Bytes of a leaf under a certificate's full root: small enough to fetch again, large enough for a stream's full speed. */
export const SNAPSHOT_CHUNK_BYTES = MIB

/** Chunks of a snapshot: 256 GiB of parameters and moments; their hashes are 8 MiB. */
export const MAX_CHUNKS = 256 * 1024

/** Longest aggregated partition, in bytes: 256 Ki values of 4 bytes. */
export const PARTITION_MAX_BYTES = MIB

/** Requests of one transfer at a time: three are on their way while one is checked. */
export const PARALLEL_REQUESTS = 4

/** Milliseconds for one request: 1 MiB at 0.2 MiB/s, and the server's wait for bandwidth. */
export const REQUEST_TIMEOUT_MS = 10_000

/** Certificates in a page. */
export const MAX_CERTIFICATES = 64

/** Bytes of certificates above which no more are added to a page. */
export const PAGE_MAX_BYTES = 4 * MIB

/** Failures of one source that are nobody's fault (silence, no room) before it is left; a wrong answer is enough for that. */
export const FAILURES_PER_SOURCE = 3

/** Milliseconds before a source that failed without fault is asked again. */
export const RETRY_MS = 250

/** Bytes a second that one peer is served: a newcomer must not slow the round of those who serve it. */
export const PEER_BYTES_PER_SECOND = 32 * MIB

/** Bytes that a peer may take at once after a pause: a default stage's whole state. */
export const PEER_BURST_BYTES = 64 * MIB

/** Longest wait for bandwidth before a request is refused as `overloaded`, in milliseconds: well below the request's timeout. */
export const MAX_BANDWIDTH_WAIT_MS = 3_000

/** Peers whose bandwidth is accounted for; the one unheard of for longest is forgotten. */
export const MAX_ACCOUNTED_PEERS = 512

/** Rounds whose aggregate hashes are remembered, so that serving a round's partitions hashes them once. */
export const REMEMBERED_LEAVES = 32
