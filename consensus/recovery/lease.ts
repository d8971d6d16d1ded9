/** The lease of a stage as a fold over what finalised blocks show (README.md, "Lease", "Claims"). Pure. */
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { keepingStage } from './keepers.ts'
import type { Claim, LeaseRules, Point, Recovery, RoundIds, ShownRound, StageEvent, StageLease } from './types.ts'

const UNCLAIMED = { openedAt: null, claims: new Map<PeerName, Claim>(), kept: new Map<PeerName, ShownRound>() }
const NOBODY: ReadonlySet<PeerName> = new Set()
const NOT_FRESH = { isFresh: false, silent: NOBODY, away: NOBODY, isAttested: false, tried: [], ...UNCLAIMED }

/** Before anything was posted. @param start - the run's first block; @param origin - what the first round builds on */
export function firstLease(start: number, origin: Point): StageLease {
  return { renewedAt: start, final: origin, shown: origin, sinceEpoch: 0, recoveries: [], ...NOT_FRESH }
}

/**
 * After a stage was re-formed.
 * @param before - its lease until then
 * @param start - first block of the recovery's epoch
 * @param silent - seats of the epoch before that did not claim
 */
export function leaseOf(
  recovery: Recovery,
  before: StageLease,
  start: number,
  silent: readonly PeerName[],
): StageLease {
  const { base, resume, epoch, isAttested } = recovery
  const tried = before.isFresh && !before.tried.some(one => sameRound(one, base)) ? before.tried : []
  return {
    renewedAt: start,
    final: { ...base, round: resume - 1 },
    sinceEpoch: epoch,
    isFresh: true,
    silent: new Set([...silent, ...before.silent]),
    // Seats that were given since then have nothing of their own to show.
    away: before.isFresh ? before.away : new Set(silent),
    // Those that were away then had a seat since, and a lease's time.
    isAttested: before.isFresh || isAttested,
    recoveries: [...before.recoveries, recovery],
    shown: before.shown,
    // Once all that there is was tried, it begins anew.
    tried: [...tried, { value: base.value, outcome: base.outcome }],
    ...UNCLAIMED,
  }
}

/**
 * Takes in what the next finalised blocks show, in chain order. What does not count leaves a lease as it is.
 * @param stageOf - the seats when these blocks were made: who has none in the stage cannot claim
 */
export function noteEvents(
  leases: readonly StageLease[],
  rules: LeaseRules,
  stageOf: ReadonlyMap<PeerName, number>,
  events: readonly StageEvent[],
): readonly StageLease[] {
  const noted = [...leases]
  for (const event of events) {
    const lease = noted[event.stage]
    if (lease === undefined) continue
    if (event.type === 'renewal') noted[event.stage] = renew(lease, event.height, event.shown)
    else if (event.type === 'checkpoint') {
      if (event.shown.isCheckpoint && stageOf.get(event.peer) === keepingStage(event.stage, leases.length))
        noted[event.stage] = keep(lease, rules, event.height, event.peer, event.shown)
    } else if (stageOf.get(event.peer) === event.stage)
      noted[event.stage] = claim(lease, rules, event.height, event.peer, event.claim)
  }
  return noted
}

/** Last height at which a replica of the stage votes. */
export function votesUntil({ renewedAt }: StageLease, { leaseBlocks }: LeaseRules): number {
  return renewedAt + leaseBlocks
}

/** From this height on the stage shows that it lives: half of the lease is used. */
export function renewalDue({ renewedAt }: StageLease, { leaseBlocks }: LeaseRules): number {
  return renewedAt + Math.ceil(leaseBlocks / 2)
}

/** First block in which a claim counts. */
export function claimsFrom(lease: StageLease, rules: LeaseRules): number {
  return votesUntil(lease, rules) + rules.claimDelayBlocks
}

/** The claims are complete once an epoch's beacon height reaches this; null while nobody has claimed. */
export function claimsUntil({ openedAt }: StageLease, { claimWindowBlocks }: LeaseRules): number | null {
  return openedAt === null ? null : openedAt + claimWindowBlocks
}

/** Would this round renew the lease, posted now? It must show that the stage went on after it was renewed last. */
export function renews(
  { renewedAt, final, sinceEpoch }: StageLease,
  shown: { readonly round: number; readonly epoch: number; readonly referenceHeight: number },
): boolean {
  return shown.epoch >= sinceEpoch && shown.round > final.round && shown.referenceHeight >= renewedAt
}

/** Does the claim name this point, or a round that builds on it? */
export function supports({ newest, holds }: Claim, point: RoundIds): boolean {
  return holds && newest !== null && (sameRound(newest, point) || sameRound(newest.parent, point))
}

/** Has it the state of what is final? So has who went on from there. */
export function holdsFinal({ newest, holds }: Claim, { final, sinceEpoch, isFresh }: StageLease): boolean {
  if (!holds) return false
  if (newest === null) return true
  return sameRound(newest, final) || sameRound(newest.parent, final) || (isFresh && newest.epoch >= sinceEpoch)
}

/** From here on a checkpoint may undo what is final, though nobody claimed: who has it had a lease's time to come back. */
export function patienceUntil(lease: StageLease, rules: LeaseRules): number | null {
  const complete = claimsUntil(lease, rules)
  return complete === null ? null : complete + rules.leaseBlocks
}

/** Until when it is waited for who claims; longer where nobody does, and going on from what is kept would undo what is final. */
export function waitsUntil(lease: StageLease, rules: LeaseRules): number | null {
  const { claims, kept, final } = lease
  const isPatient = claims.size === 0 && [...kept.values()].every(({ round }) => round < final.round)
  return isPatient ? patienceUntil(lease, rules) : claimsUntil(lease, rules)
}

export function sameRound(a: RoundIds, b: RoundIds): boolean {
  return equalBytes(a.value, b.value) && equalBytes(a.outcome, b.outcome)
}

function renew(lease: StageLease, height: number, shown: Parameters<typeof renews>[1] & Point): StageLease {
  if (!renews(lease, shown)) return lease
  const final = { round: shown.round, value: shown.value, outcome: shown.outcome }
  // Who gave its seat up before that cannot write this stage's history any more.
  return { ...lease, renewedAt: height, final, shown: final, sinceEpoch: shown.epoch, ...NOT_FRESH }
}

function keep(lease: StageLease, rules: LeaseRules, height: number, peer: PeerName, shown: ShownRound): StageLease {
  if (height < claimsFrom(lease, rules)) return lease
  const kept = new Map<PeerName, ShownRound>(lease.kept).set(peer, shown)
  return { ...lease, openedAt: lease.openedAt ?? height, kept }
}

function claim(lease: StageLease, rules: LeaseRules, height: number, peer: PeerName, made: Claim): StageLease {
  if (height < claimsFrom(lease, rules)) return lease
  const claims = new Map<PeerName, Claim>(lease.claims).set(peer, made)
  return { ...lease, openedAt: lease.openedAt ?? height, claims }
}
