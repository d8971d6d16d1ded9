export { type Duty, isUnderWay, type LeaseView, leaseDuty, type Posted } from './duty.ts'
export { keepersOf, keepingStage, keptStage } from './keepers.ts'
export {
  claimsFrom,
  claimsUntil,
  firstLease,
  leaseOf,
  noteEvents,
  renewalDue,
  renews,
  sameRound,
  votesUntil,
} from './lease.ts'
export {
  type ClaimRecord,
  checkShown,
  decodeStageRecord,
  encodeClaim,
  encodeRenewal,
  type RenewalRecord,
  shownRound,
  verifyShown,
} from './records.ts'
export { inForce, type Recovered, type RecoverInit, recover, reseat } from './recover.ts'
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
