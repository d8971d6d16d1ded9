export { type Duty, isUnderWay, type LeaseView, leaseDuty, type Posted } from './duty.ts'
export { inForce, isPartOf } from './history.ts'
export { keepersOf, keepingStage, keptStage } from './keepers.ts'
export {
  claimsFrom,
  claimsUntil,
  firstLease,
  leaseOf,
  noteEvents,
  patienceUntil,
  renewalDue,
  renews,
  sameRound,
  votesUntil,
  waitsUntil,
} from './lease.ts'
export {
  type CheckpointRecord,
  type ClaimRecord,
  checkShown,
  decodeStageRecord,
  encodeCheckpoint,
  encodeClaim,
  encodeRenewal,
  type RenewalRecord,
  shownRound,
  verifyShown,
} from './records.ts'
export { type Recovered, type RecoverInit, recover, reseat } from './recover.ts'
export type {
  Claim,
  LeaseRules,
  Point,
  Recovery,
  RoundIds,
  Shortage,
  ShownRound,
  StageEvent,
  StageLease,
} from './types.ts'
