/** Limits of the journal and the round store; all byte counts are of encoded data. */
import { CERTIFICATE_MAX_BYTES, MAX_PARTITIONS } from '../../protocols/wire/constants.ts'

/** Bytes before a record's payload: length, check of the length, check of the payload. */
export const RECORD_HEADER_BYTES = 16

/** Bytes after a record's payload: one that is never zero, so that a tail of zeros shows an interrupted write. */
export const RECORD_TRAILER_BYTES = 1

/** Longest payload of one record: the aggregates of a round of a stage of 128 M parameters in f32. */
export const RECORD_MAX_BYTES = 512 * 1024 * 1024

/** Longest record of the signing journal: a group of signatures, the largest being COMMITs of at most 3 MiB. */
export const JOURNAL_RECORD_MAX_BYTES = 16 * 1024 * 1024

/** Above this many bytes since the last compaction the journal is rewritten: 1 MiB is read and checked in under 10 ms at start. */
export const JOURNAL_COMPACT_BYTES = 1024 * 1024

/**
 * The journal refuses to sign beyond this size. Two undecided rounds and their locks take some 100 KiB; 64 MiB is reached
 * only by thousands of views without a decision, and waiting is then all that is left.
 */
export const JOURNAL_MAX_BYTES = 64 * 1024 * 1024

/** Entries that wait for a flush: AGGREGATEs of all partitions of a stage, and its votes. */
export const JOURNAL_MAX_PENDING = 2 * MAX_PARTITIONS

/** Persisted records (locks, polkas) held at a time: some kinds a stage and round, for three rounds. */
export const JOURNAL_MAX_RECORDS = 256

/** Longest persisted record: a polka is a proposal of at most 64 KiB and 171 prevotes (Q of 256 seats) below 1 KiB. */
export const JOURNAL_RECORD_VALUE_MAX_BYTES = 512 * 1024

/** Signatures of rounds up to this many before a decided one are dropped: nobody may be asked about them any more. */
export const ROUNDS_KEPT = 2

/** Epoch boundaries below which nothing is signed; more than one is kept only after recoveries that went back. */
export const MAX_FLOORS = 16

/** Files are read and written in pieces of this size, so that no copy doubles a stage's memory. */
export const COPY_CHUNK_BYTES = 4 * 1024 * 1024

/** Longest record of a certificate: the wire's limit and its key. */
export const STORED_CERTIFICATE_MAX_BYTES = CERTIFICATE_MAX_BYTES + 1024

/** Certificates in one file: pruning frees that many at a time, and at most that many more than asked for are kept. */
export const CERTIFICATES_A_SEGMENT = 256

/** Most bytes of certificates handed out at a time; a page of them travels in one message. */
export const CERTIFICATE_PAGE_MAX_BYTES = 1024 * 1024

/** Head of a snapshot: 40 bytes a leaf, a leaf a MiB; 4 MiB is the head of 100 GB. */
export const SNAPSHOT_HEAD_MAX_BYTES = 4 * 1024 * 1024
