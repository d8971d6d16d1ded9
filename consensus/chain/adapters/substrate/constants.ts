/** Times and bounds of the Substrate adapter. */

/** ms for one question to the node; a busy embedded chain takes up to 2 s, a public node 1 s. */
export const CALL_DEADLINE_MS = 20_000
/** ms to connect and read the metadata: on a loaded machine 5 s. */
export const CONNECT_DEADLINE_MS = 60_000
/** ms for a transaction to get into a block, all tries together: a few blocks of 6 s. */
export const TRANSACTION_DEADLINE_MS = 120_000
/** ms for one try to get into a block. */
export const TRANSACTION_TRY_MS = 45_000
/** Tries of a transaction whose nonce was taken or that a node dropped. */
export const TRANSACTION_TRIES = 5
/** Transactions waiting for their turn on one connection. */
export const MAX_QUEUED_TRANSACTIONS = 64

/** ms between attempts to connect again: doubled from the first to the last. */
export const RECONNECT_MIN_MS = 250
export const RECONNECT_MAX_MS = 10_000
/** ms between two tries to subscribe: heads are polled meanwhile, and runtime upgrades come months apart. */
export const SUBSCRIBE_RETRY_MS = 5_000
/** ms for a node to agree to an end. */
export const CLOSE_MS = 1_000
/** Bytes of one message: a full block of 5 MiB is twice that in hex, metadata less. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024
/** Questions without an answer: some for each block that is read at a time. */
export const MAX_OPEN_QUESTIONS = 1_024
/** Questions without an answer, and nothing else heard since, after which a connection is given up for a new one. */
export const MAX_VAIN_QUESTIONS = 3
/** News of subscriptions that are not granted yet: a node may tell of one before it answers. */
export const MAX_EARLY_NEWS = 16
/** ms without a finalised head after which the node is asked: a subscription can die silently. */
export const FINALIZED_POLL_MS = 12_000

/** Finalised block hashes kept: an epoch of 64 blocks many times over, 32 bytes each. */
export const MAX_CACHED_HASHES = 8_192
/** Blocks whose remarks are kept. */
export const MAX_CACHED_REMARK_BLOCKS = 4_096
/** Bytes of kept remarks: a hundred of the longest records; anchors of 4,096 blocks take 1 MiB. */
export const MAX_CACHED_REMARK_BYTES = 16 * 1024 * 1024
/** Blocks that one call for anchors or changes may read. */
export const MAX_RANGE_BLOCKS = 16_384
/** Blocks fetched at a time. */
export const BLOCKS_IN_FLIGHT = 8
/** Keys a page; nodes answer at most 1,000. */
export const KEYS_A_PAGE = 1_000
/** Pages of uniques items looked through for bonds: Polkadot's Asset Hub has below 20. */
export const MAX_KEY_PAGES = 100
/** Bonds of one run looked at; more is an attack on the readers or another protocol version. */
export const MAX_BOND_CANDIDATES = 4_096
