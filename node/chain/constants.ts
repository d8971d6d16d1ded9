/** Limits and times of the embedded chain; every one is tested or stands in README.md. */

/** ms. At most one block a second while transactions wait (round.md, "Start values"). */
export const MIN_BLOCK_MS = 1_000
/** ms. An empty block costs 0.1 CPU s, so no more than one in six seconds. */
export const EMPTY_BLOCK_MS = 6_000
/** Blocks between head and finalised head: one, so that nothing is final the moment it is in a block. */
export const FINALITY_LAG = 1
/** ms. Transactions that arrive within this time of the first one share its block. */
export const GATHER_MS = 150
/** ms. A block waits at most this long for transactions whose validity is still being checked (100 ms each). */
export const VALIDATION_WAIT_MS = 5_000
/** Transactions waiting for a block; more are refused. 64 accounts posting 8 each. */
export const MAX_POOL = 512
/** Blocks that one `dev_newBlock` may seal: 256 take half a minute. */
export const MAX_BLOCKS_A_CALL = 256
/** Loaded old blocks kept for reading; each is a header and its extrinsics, some 10 kB. */
export const MAX_CACHED_BLOCKS = 128

/** Connections at a time: eight peers, `up`, `verify` and room. */
export const MAX_CONNECTIONS = 128
/** Subscriptions of one connection: @polkadot/api holds 2, the adapter 1, a transaction 1 while it waits. */
export const MAX_SUBSCRIPTIONS = 64
/** Requests of one connection that are being answered at a time. */
export const MAX_REQUESTS_IN_FLIGHT = 256
/** Bytes of one request; the largest is a batch of calls, below 64 KiB. */
export const MAX_REQUEST_BYTES = 1024 * 1024
/** Bytes waiting to be read by a client before it is cut off; the metadata alone are 0.6 MB. */
export const MAX_SEND_BUFFER_BYTES = 32 * 1024 * 1024

/** Plancks (10^-12 ROC) a genesis account gets unless the accounts file says otherwise: 10,000 units. */
export const DEFAULT_FREE_BALANCE = 10n ** 16n

/** ms. Shutdown ends the process anyway after this long. */
export const SHUTDOWN_MS = 3_000
