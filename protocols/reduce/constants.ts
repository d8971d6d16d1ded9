/** Limits of the reduce protocol; each with its unit and reason. */

const MIB = 1024 * 1024

export const REDUCE_PROTOCOL = '/swarm-node/reduce/1.0.0'

/** Transfers to or from one peer at a time: one in flight and one under way to it; more share a connection unfairly (Jain 0.5). */
export const PARALLEL_TRANSFERS_PER_PEER = 2

/** Transfers at a time, all peers together: with 1 MiB partitions 16 MiB are in flight. */
export const PARALLEL_TRANSFERS = 16

/** Transfers that wait for their turn, all peers together: all partitions of a round to f + 1 = 86 of 256 candidates fit. */
export const MAX_WAITING_TRANSFERS = 65_536

/** Bytes of verified partitions and aggregates: of a default stage a round takes 7 MiB, four rounds 28 MiB; big stages raise it. */
export const STORE_MAX_BYTES = 512 * MIB

/** Bytes of partitions whose COMMIT has not come yet: a commit travels on the fast connection, so few are early. */
export const EARLY_MAX_BYTES = 64 * MIB

/** Bytes of early partitions of one author: a quarter, so that one liar leaves room for the others. */
export const EARLY_MAX_AUTHOR_BYTES = 16 * MIB

/** Rounds before the current one that are served: until r + 2 is decided. */
export const ROUNDS_BEHIND = 2

/** Rounds after the current one that are taken: a faster sibling may already be in the next. */
export const ROUNDS_AHEAD = 1

/** Longest partition, in bytes: 256 Ki values of 4 bytes. */
export const PARTITION_MAX_BYTES = MIB

/** Milliseconds for one transfer with one peer, unless the manifest's `reduceMs` is handed in. */
export const TRANSFER_TIMEOUT_MS = 5_000
