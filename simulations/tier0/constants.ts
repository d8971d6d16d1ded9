/** What the modelled machines and protocols of tier 0 take, each with unit and reason. */

/** Values of one partition: few, so that a gradient has several. */
export const PARTITION_VALUES = 16

/** A flush of a journal on an SSD. */
export const FSYNC_MS = 2

/** Combining a partition, and the optimiser's step: small beside a micro-batch. */
export const AGGREGATE_MS = 5
export const EXECUTE_MS = 20

/** An RPC's answer of a chain node. */
export const RPC_MS = 15

/** Bytes of small requests and answers. */
export const REQUEST_BYTES = 200

/** Answers up to this size do not wait for the tensors that are on their way: streams of a connection take turns. */
export const SMALL_ANSWER_BYTES = 16_384

/** Between two attempts to get an input that some candidate should have (node/peer/round-ports). */
export const INPUT_RETRY_MS = 250

/** SETTLED below the own share waits for the next (node/peer/spread-settled). */
export const SETTLED_PATIENCE_MS = 200

/** Between two sources that pass the close on (node/peer/round-run). */
export const CLOSE_STAGGER_MS = 400

/** Between the members of a stage that publish a certificate (node/peer/gossip-door). */
export const CERTIFICATE_STAGGER_MS = 200

/** Late siblings are answered this often (node/peer/late-answers). */
export const LATE_INTERVAL_MS = 1_000

/** The watchdog looks this often (node/peer/watchdog). */
export const WATCH_INTERVAL_MS = 4_000
export const WATCH_ASKED = 3

/** Anchors: patience of the next in rank, attempts of one peer (node/peer/anchorer). */
export const ANCHOR_PATIENCE_MS = 20_000
export const ANCHOR_ATTEMPTS = 3

/** Status and pages of certificates are waited for this long. */
export const STATE_TIMEOUT_MS = 5_000

/** Certificates of one page. */
export const PAGE_CERTIFICATES = 16

/** From process start to the first message: opening files, dialling. */
export const START_MS = 300

/** Gossip of more peers than this is delivered a stage at a time. */
export const GOSSIP_PEERS = 256

/** Records on a disk above which it is rewritten. */
export const DISK_REWRITE_RECORDS = 2_048
