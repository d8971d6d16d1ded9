/** Limits of the runtime. */

/**
 * Jobs that may wait, of all kinds. A peer has at most the run's target of micro-batches and one job a partition and
 * sibling open at a time; what comes beyond is BUSY, not memory.
 */
export const MAX_QUEUED_JOBS = 512

/** Jobs given to the worker at a time: one that runs, and one that waits there while the answer travels. */
export const WORKER_WINDOW = 2

/**
 * Milliseconds that a disposed engine's threads may take to end before they are ended. Longer than any graph takes: where a
 * thread is ended inside of one, onnxruntime-node ends the whole process ("terminate called ... Napi::Error").
 */
export const DISPOSE_TIMEOUT_MS = 60_000

/** Values of a partition at most: 1 MiB of f32 (round.md, "Commit, availability"). */
export const MAX_PARTITION_VALUES = 256 * 1024

/**
 * Partitions a replica. Each costs f + 1 transfers and signatures a commitment, whatever its length: with 4 a replica the
 * peers of the default swarm spent more on messages than on computing, and large stages are cut by length anyway.
 */
export const PARTITIONS_PER_REPLICA = 1

/** Bytes of a leaf of the full state root. */
export const STATE_CHUNK_BYTES = 1024 * 1024

export const F32_BYTES = 4

/** Largest finite f32. */
export const MAX_F32 = 3.4028234663852886e38
