/** Limits of the state protocol; each with its unit and reason. */

const MIB = 1024 * 1024

export const STATE_PROTOCOL = '/swarm-node/state/1.1.0'

/** Bytes of a leaf under a certificate's full root: small enough to fetch again, large enough for a stream's full speed. */
export const SNAPSHOT_CHUNK_BYTES = MIB

/** Chunks of a snapshot: 256 GiB of parameters and moments; their hashes are 8 MiB. */
export const MAX_CHUNKS = 256 * 1024

/** Checkpoints of another stage that a peer offers at a time. */
export const MAX_CHECKPOINTS = 2

/** Longest aggregated partition, in bytes: 256 Ki values of 4 bytes. */
export const PARTITION_MAX_BYTES = MIB

/** Requests that one source has at a time once it has given something: three are on their way while one is checked. */
export const PARALLEL_REQUESTS = 4

/** Sources of one transfer that are asked at a time; others take the place of those that fail. */
export const SOURCES_AT_A_TIME = 8

/** Requests of a transfer at a time, all sources together: at first, and at most; with chunks of 1 MiB also the memory that it takes. */
export const OPEN_REQUESTS_AT_FIRST = 4
export const OPEN_REQUESTS_AT_MOST = 16

/** An answer within this many milliseconds lets a transfer ask for more at a time, one beyond the other for less. */
export const FAST_ANSWER_MS = 1_000
export const SLOW_ANSWER_MS = 3_000

/** Milliseconds without anything from a source whose pace is unknown, after which others are asked beside it. */
export const PATIENCE_MS = 1_000

/** Milliseconds for one request: 1 MiB at 0.2 MiB/s, and the server's wait for bandwidth. */
export const REQUEST_TIMEOUT_MS = 10_000

/** Certificates in a page. */
export const MAX_CERTIFICATES = 64

/** Bytes of certificates above which no more are added to a page. */
export const PAGE_MAX_BYTES = 4 * MIB

/** Failures of one source that are nobody's fault (silence, no room) before it is left; a wrong answer is enough for that. */
export const FAILURES_PER_SOURCE = 3

/** Answers of `overloaded` in a row before a source is left: with the pauses between them half a minute. */
export const BUSY_PER_SOURCE = 8

/** Milliseconds before a source that failed without fault is asked again; doubles each time in a transfer from several, up to the cap. */
export const RETRY_MS = 250
export const MAX_PAUSE_MS = 8_000

/** Bytes a second that are served, all peers together, unless the caller says otherwise: a newcomer must not slow the round of those who serve it. */
export const SERVED_BYTES_PER_SECOND = 32 * MIB

/** Seconds of that speed which may be taken at once after a pause: 64 MiB, a default stage's whole state. */
export const BURST_SECONDS = 2

/** Requests that a peer may have open here; twice as many, with the answers under way, are the memory it can take. */
export const OPEN_REQUESTS_A_PEER = 8

/** Longest wait for bandwidth before a request is refused as `overloaded`, in milliseconds: well below the request's timeout. */
export const MAX_BANDWIDTH_WAIT_MS = 3_000

/** Peers whose bandwidth is accounted for; the one unheard of for longest is forgotten. */
export const MAX_ACCOUNTED_PEERS = 512

/** Rounds whose aggregate hashes are remembered, so that serving a round's partitions hashes them once. */
export const REMEMBERED_LEAVES = 32
