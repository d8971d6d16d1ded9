/** Every limit of the wire, with its unit and its reason. Counts and sizes of single messages stand in `table.ts`. */

const KIB = 1024
const MIB = 1024 * KIB

/** Layout of everything that is signed or hashed; peers of another version refuse each other. */
export const PROTOCOL_VERSION = 1

/** Domain of every signature (RFC 0002): a libp2p key signs other things too, and none of them may count here. */
export const SIGNATURE_DOMAIN = `swarm-node/${PROTOCOL_VERSION}`

/** Bytes of a SHA-256. */
export const HASH_BYTES = 32

/** Levels of maps and arrays in any message; the deepest of ours (a commit's trace path) has 4. */
export const MAX_DEPTH = 16

/** Protobuf, public key (36 bytes), payload type and signature (64 bytes) around a payload, rounded up. */
export const ENVELOPE_OVERHEAD_BYTES = 192

/** Seats of a stage: 256 keep a certificate's signatures below 64 KiB and a bitmap at 32 bytes. */
export const MAX_SEATS = 256
/** Stages of a run; with it the length of a backward path: one for each of the layers that a manifest allows. */
export const MAX_STAGES = 1_024
/** Partitions of a stage: 65,536 of 256 Ki values are 17 billion parameters. */
export const MAX_PARTITIONS = 65_536
/** Settled micro-batches in one commitment. */
export const MAX_TRACE = 4_096
/** Addresses in a stage record; libp2p itself announces fewer than ten. */
export const MAX_ADDRESSES = 16
/** Characters of a multiaddr in text form. */
export const MAX_ADDRESS_CHARACTERS = 256

/** Bytes of an encoded manifest: it holds some forty numbers. */
export const MANIFEST_MAX_BYTES = 16 * KIB
/** Bytes of a certificate: Q small outcomes and up to 256 commits, whose leaves take 34 bytes a partition. */
export const CERTIFICATE_MAX_BYTES = 32 * MIB

/** Verified envelopes that are remembered: a round of 64 seats has some 1,000, and each is seen several times. */
export const ENVELOPE_CACHE_ENTRIES = 4_096
/** Bytes of all remembered envelopes. */
export const ENVELOPE_CACHE_BYTES = 16 * MIB

/** Peers whose refusals are counted one by one; more are counted together, so that new identities cost no memory. */
export const MAX_COUNTED_PEERS = 1_024

/** Bytes of one `send()`: smaller ones cost noise frames, larger ones delay the other streams of the connection (libp2p.md). */
export const CHUNK_BYTES = MIB
/** Bytes before a chunk or a header in its frame; 8 keeps a body aligned for 64-bit views without a copy. */
export const FRAME_PREFIX_BYTES = 8
/** Bytes of one frame on a stream: a body chunk, or a header with its attachments. */
export const MAX_FRAME_BYTES = 4 * MIB
/** Bytes of a frame of who may bring no bodies and was asked for nothing: a request. What others ask for is shorter by far. */
export const SHORT_FRAME_BYTES = 64 * KIB
/** Bytes of a message's header with attachments; bulk belongs in the body. */
export const MAX_HEADER_BYTES = MAX_FRAME_BYTES - FRAME_PREFIX_BYTES
/** Bytes of a message's body: four times the largest boundary tensor of the presets, and one certificate with room to spare. */
export const MAX_BODY_BYTES = 64 * MIB

/** Received, unread bytes above which a stream is paused. */
export const READ_HIGH_WATER_BYTES = 8 * MIB
/** Largest yamux window, in bytes (its default): what may still arrive after a pause. */
export const STREAM_WINDOW_BYTES = 16 * MIB
/** Bytes that libp2p may buffer while paused: a window, and slack for what is being dispatched; at less it resets the stream. */
export const READ_BUFFER_LIMIT_BYTES = STREAM_WINDOW_BYTES + MIB

/** Requests a side has open on one stream; later ones wait. */
export const MAX_OPEN_REQUESTS = 64
/** Bodies in bytes that a side sends or handles at a time on one stream. */
export const MAX_OPEN_BODY_BYTES = 64 * MIB
/** Requests and notes that wait for their turn on one stream; beyond it they are refused as `overloaded`. */
export const MAX_WAITING = 1_024
/** Notes whose handler runs at a time on one stream; beyond it reading pauses, which reaches the sender as back-pressure. */
export const MAX_OPEN_NOTES = 64
/** Milliseconds until an unanswered request is given up, unless the caller says otherwise. */
export const REQUEST_TIMEOUT_MS = 30_000
/** Milliseconds in which an announced body must have arrived: 64 MiB at 1 MiB/s. */
export const BODY_TIMEOUT_MS = 64_000

/** Peers with which one protocol keeps streams. */
export const MAX_STREAM_PEERS = 512
/** Bodies in bytes that one protocol receives or handles at a time, all peers together. */
export const MAX_PROTOCOL_BODY_BYTES = 512 * MIB
/** Milliseconds after which an unused stream is closed; a round is shorter, so streams in use stay open. */
export const STREAM_IDLE_MS = 300_000
/** Milliseconds for dialling and negotiating. */
export const DIAL_TIMEOUT_MS = 10_000
/** Milliseconds of the first back-off after a failed dial; doubles up to the cap, drawn from the upper half of the interval. */
export const DIAL_BACKOFF_MS = 250
export const DIAL_BACKOFF_CAP_MS = 30_000

/** Bytes of one send at most: a chunk together with the headers that go out with it. */
export const SEND_BYTES = CHUNK_BYTES + 64 * KIB
/** Writes that wait for their turn on one stream; the request layer above has one at a time. */
export const MAX_QUEUED_WRITES = 64
/** Bytes that a queued frame is counted for beyond its content, so that a flood of empty frames is bounded too. */
export const QUEUED_FRAME_OVERHEAD_BYTES = 256

/** Dimensions of a tensor: batch, position, width, and one to spare. */
export const MAX_TENSOR_DIMENSIONS = 4
/** Signed envelopes beside a tensor or message: a polka or certificate of a full stage. */
export const MAX_ATTACHMENTS = MAX_SEATS

/** Milliseconds for a graceful close; after it the stream is reset. */
export const STREAM_CLOSE_TIMEOUT_MS = 5_000
/** Parts of a frame up to this many bytes are copied into one buffer before sending; copying 4 KiB takes under 1 us. */
export const COPIED_PART_BYTES = 4 * KIB

/** Bytes of a relayed connection's limit that bodies leave to messages without one: votes of some ten rounds. */
export const RELAY_RESERVE_BYTES = MIB
