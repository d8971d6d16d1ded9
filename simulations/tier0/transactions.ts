/** What stands on the modelled chain. Envelopes cannot be read back from bytes here, so records are what they say. */
import type { ChangesRecord } from '../../consensus/membership/index.ts'
import type { ClaimRecord } from '../../consensus/recovery/index.ts'
import type { SpeedsReport } from '../../consensus/routing/index.ts'
import type { ValueWithOutcomes } from '../../protocols/wire/certificate.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'

export type SimTransaction = SimAnchor | SimRecord | SimRenewal | SimClaim | SimCheckpoint | SimSpeeds

/** What an anchor transaction says. */
export interface SimAnchor {
  readonly stage: number
  readonly fromRound: number
  readonly toRound: number
  readonly link: Hash
  readonly peer: PeerName
}

export interface SimRecord {
  readonly record: ChangesRecord
  readonly peer: PeerName
}

export interface SimRenewal {
  readonly renewal: ValueWithOutcomes
  readonly peer: PeerName
}

export interface SimClaim {
  readonly claim: Omit<ClaimRecord, 'kind'>
  readonly peer: PeerName
}

/** A seat of the next stage keeps the state of this round. */
export interface SimCheckpoint {
  readonly checkpoint: ValueWithOutcomes
  readonly peer: PeerName
}

/** What a peer measured of its neighbours in an epoch. */
export interface SimSpeeds {
  readonly speeds: SpeedsReport
  readonly peer: PeerName
}

export function isAnchor(transaction: SimTransaction): transaction is SimAnchor {
  return 'link' in transaction
}

export function isRecord(transaction: SimTransaction): transaction is SimRecord {
  return 'record' in transaction
}

export function isRenewal(transaction: SimTransaction): transaction is SimRenewal {
  return 'renewal' in transaction
}

export function isClaim(transaction: SimTransaction): transaction is SimClaim {
  return 'claim' in transaction
}

export function isCheckpoint(transaction: SimTransaction): transaction is SimCheckpoint {
  return 'checkpoint' in transaction
}

export function isSpeeds(transaction: SimTransaction): transaction is SimSpeeds {
  return 'speeds' in transaction
}
