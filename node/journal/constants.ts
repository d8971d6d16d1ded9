/** Limits of the journal and the round store; all byte counts are of encoded data. */

/** Bytes before a record's payload: length, check of the length, check of the payload. */
export const RECORD_HEADER_BYTES = 16

/** Bytes after a record's payload: one that is never zero, so that a tail of zeros shows an interrupted write. */
export const RECORD_TRAILER_BYTES = 1

/** Longest payload of one record: a round's aggregates of a stage of 128 M parameters in f32; twice that would not fit in a peer's memory. */
export const RECORD_MAX_BYTES = 512 * 1024 * 1024

/** Longest record of the signing journal: a group of signatures, the largest being COMMITs of at most 1 MiB. */
export const JOURNAL_RECORD_MAX_BYTES = 16 * 1024 * 1024

/** Above this many bytes since the last compaction the journal is rewritten: 1 MiB is read and checked in under 10 ms at start. */
export const JOURNAL_COMPACT_BYTES = 1024 * 1024

/**
 * The journal refuses to sign beyond this size. Two undecided rounds and their locks take some 100 KiB; 64 MiB is reached
 * only by thousands of views without a decision, and waiting is then all that is left.
 */
export const JOURNAL_MAX_BYTES = 64 * 1024 * 1024

/** Entries that wait for an fsync: all partitions of a round (at most 4 096) and its votes, twice. */
export const JOURNAL_MAX_PENDING = 8192

/** Persisted records (locks, polkas) held at a time: some kinds a stage and round, for three rounds. */
export const JOURNAL_MAX_RECORDS = 256

/** Longest persisted record: a polka is at most 64 envelopes of at most 4 KiB. */
export const JOURNAL_RECORD_VALUE_MAX_BYTES = 512 * 1024

/** Signatures of rounds up to this many before a decided one are dropped: nobody may be asked about them any more. */
export const ROUNDS_KEPT = 2

/** Epoch boundaries below which nothing is signed; more than one is kept only after recoveries that went back. */
export const MAX_FLOORS = 16

/** A snapshot is written in pieces of this size, so that neither side of the copy doubles a stage's memory. */
export const COPY_CHUNK_BYTES = 4 * 1024 * 1024
