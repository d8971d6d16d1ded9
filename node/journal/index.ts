/**
 * What a peer keeps on its disk: the signing journal (what it said, once) and the round store (what was decided).
 *
 * @example
 * const storage = await openFolder(join(data, 'journal'))
 * const journal = await SigningJournal.open({ storage, signer, seal: payload => seal(payload, privateKey), expectExisting })
 * const signed = await journal.sign({ kind: 'prevote', scope, view: 0, value, validView: -1 })
 * if (isRefusal(signed)) log(signed.detail)
 */

export type { Partitions } from './aggregates.ts'
export type { StoredCertificate } from './certificates.ts'
export { Checkpoints } from './checkpoints.ts'
export type { OwnCommits } from './commits.ts'
export type { Place, StaleReason } from './entries.ts'
export { type JournalConflict, JournalDamaged } from './errors.ts'
export { openFolder } from './files.ts'
export type { IncomingHead, IncomingSnapshot } from './incoming.ts'
export { NumberedLog } from './numbered-log.ts'
export { type CertificateRange, type Recovery, RoundStore, type RoundStoreOptions, type StoredRound } from './rounds.ts'
export { type JournalRecord, type Seal, SigningJournal, type SigningJournalOptions, type StaleView } from './signing.ts'
export type { SnapshotHead } from './snapshots.ts'
export type { AppendFile, PlacedFile, Storage } from './storage.ts'
