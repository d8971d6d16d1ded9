/**
 * Which changes a value may carry. Everything here reads the context and what travels beside the value, nothing else: the
 * context's membership is a function of the chain and of the rounds certified before, so all replicas judge alike.
 */
import { outcomeHash } from '../../protocols/wire/certificate.ts'
import { contradiction } from '../../protocols/wire/evidence.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import { sameScope } from '../../protocols/wire/message-fields.ts'
import type { Change, Outcome, PeerName, Scope, Signed } from '../../protocols/wire/messages.ts'
import type { PayloadOf } from '../../protocols/wire/table.ts'
import { countSeats, seatIndex } from '../election/group.ts'
import { hasBit } from '../round/availability.ts'
import type { RoundContext } from '../round/types.ts'
import { absenceRounds, pastRounds } from './absence.ts'
import { ENVELOPES_COMPARED } from './constants.ts'
import { isPaused, mayPause } from './pauses.ts'
import type { MembershipContext, PastRound } from './types.ts'

type Act = Change['act']

/** Removals that are not proven lies, and admissions, that a stage may decide in an epoch: max(1, f) each. */
export function epochLimit({ group }: Pick<RoundContext, 'group'>): number {
  return Math.max(1, group.faults)
}

/** What is wrong with a value's changes for good, whatever is shown with them; null where nothing. */
export function changesFault(context: RoundContext, changes: readonly Change[]): string | null {
  const { membership, group } = context
  if (changes.length === 0) return null
  if (membership === null) return 'it changes the members where none may change'
  if (changes.length > group.seats.length) return `it carries ${changes.length} changes`
  for (const change of changes) {
    const wrong = placeFault(context, membership, change)
    if (wrong !== null) return `${change.peer} ${wrong}`
  }
  const all = [...membership.decided, ...changes]
  const most = epochLimit(context)
  const removals = all.filter(({ act }) => act === 'remove-absent' || act === 'remove-left').length
  const admissions = all.filter(({ act }) => act === 'admit').length
  // A limit that earlier rounds have reached binds nobody who does not add to it.
  if (removals > most && changes.some(({ act }) => act === 'remove-absent' || act === 'remove-left'))
    return `${removals} removals in an epoch where ${most} are allowed`
  const pausing = group.seats.filter(({ peer }) => isPausing(context, membership, changes, peer)).length
  if (pausing > most && changes.some(({ act }) => act === 'pause'))
    return `${pausing} seats pause at a time where ${most} may`
  if (!changes.some(({ act }) => act === 'admit')) return null
  if (admissions > most) return `${admissions} admissions in an epoch where ${most} are allowed`
  const leaving = new Set([...membership.departing, ...all.filter(isRemoval).map(({ peer }) => peer)])
  const staying = group.seats.filter(({ peer }) => !leaving.has(peer)).length
  return staying + admissions > membership.replicas ? `no seat is free for ${admissions} admissions` : null
}

function isPausing(
  { scope }: RoundContext,
  { paused }: MembershipContext,
  changes: readonly Change[],
  seat: PeerName,
): boolean {
  return isPaused(paused, scope.epoch, seat) || changes.some(({ peer, act }) => act === 'pause' && peer === seat)
}

/** May this peer be changed like this at all? */
function placeFault(
  { group, scope }: RoundContext,
  membership: MembershipContext,
  { peer, act }: Change,
): string | null {
  const isSeated = seatIndex(group, peer) >= 0
  const isDecided = membership.decided.some(other => other.peer === peer && other.act !== 'pause')
  if (isDecided) return 'is changed already in this epoch'
  if (act === 'admit') return membership.candidates.includes(peer) && !isSeated ? null : 'is no candidate'
  if (!isSeated) return 'has no seat'
  if (membership.departing.includes(peer)) return 'leaves already'
  if (act === 'pause') return mayPause(membership.paused, scope.epoch, peer) ? null : 'has paused lately'
  return act === 'remove-absent' && isPaused(membership.paused, scope.epoch, peer) ? 'pauses' : null
}

/**
 * What keeps one change from being decided in this round, the limits of the epoch apart; null where it is possible and proven.
 *
 * @param proof - envelopes that were opened, in any order; those that prove something else are passed over
 */
export function changeFault(context: RoundContext, change: Change, proof: readonly Signed[]): string | null {
  const { membership } = context
  if (membership === null) return 'no members may change'
  const { peer, act } = change
  const wrong = placeFault(context, membership, change)
  if (wrong !== null) return `${peer} ${wrong}`
  return PROOFS[act](context, membership, peer, proof) ? null : `${act} of ${peer} is not proven`
}

type Proof = (context: RoundContext, membership: MembershipContext, peer: PeerName, proof: readonly Signed[]) => boolean

const PROOFS: Readonly<Record<Act, Proof>> = {
  // It has the parent's state: its outcome is the parent's.
  admit: (context, { past }, peer, proof) =>
    pastRounds(context.scope, past, 1)?.every(parent =>
      outcomesOf(context, parent, proof).some(({ signer }) => signer === peer),
    ) ?? false,
  'remove-left': ({ scope }, _, peer, proof) =>
    proof.some(one => one.signer === peer && isA(one, 'leave') && isOfGroup(scope, one.payload.scope)),
  pause: ({ scope }, _, peer, proof) =>
    proof.some(one => one.signer === peer && isA(one, 'pause') && isOfGroup(scope, one.payload.scope)),
  'remove-absent': (context, membership, peer, proof) =>
    absenceRounds(context.scope, membership)?.every(round => isAbsent(context, round, peer, proof)) ?? false,
  'remove-proven': ({ scope }, _, peer, proof) => {
    const own = proof.filter(one => one.signer === peer && isOfRun(scope, one)).slice(0, ENVELOPES_COMPARED)
    return own.some((first, index) => own.slice(index + 1).some(second => contradiction(first, second) !== null))
  },
}

/** Q outcomes of the round are shown, of which fewer than f + 1 heard the peer. */
function isAbsent(context: RoundContext, round: PastRound, peer: PeerName, proof: readonly Signed[]): boolean {
  const { group } = context
  const seat = seatIndex(group, peer)
  const shown = new Map<PeerName, Outcome>()
  for (const { signer, payload } of outcomesOf(context, round, proof))
    if (!shown.has(signer)) shown.set(signer, payload)
  if (countSeats(group, shown.keys()) < group.quorum) return false
  const hearers = group.seats.filter(({ peer: signer }) => hasBit(shown.get(signer)?.heard, seat)).length
  return hearers <= group.faults
}

/** The outcomes among these that are the certified one of a past round of this epoch. */
function outcomesOf(
  { scope }: RoundContext,
  { round, outcome }: PastRound,
  proof: readonly Signed[],
): Signed<Outcome>[] {
  return proof
    .filter(one => isA(one, 'outcome'))
    .filter(({ payload }) => sameScope(payload.scope, { ...scope, round }) && equalBytes(outcomeHash(payload), outcome))
}

/** The same epoch and seats, in whatever round. */
function isOfGroup(own: Scope, other: Scope): boolean {
  return sameScope(other, { ...own, round: other.round })
}

function isOfRun(own: Scope, { payload }: Signed): boolean {
  return payload.kind !== 'record' && payload.scope.run === own.run && equalBytes(payload.scope.genesis, own.genesis)
}

function isRemoval({ act }: Change): boolean {
  return act !== 'admit' && act !== 'pause'
}

function isA<K extends Signed['payload']['kind']>(signed: Signed, kind: K): signed is Signed<PayloadOf<K>> {
  return signed.payload.kind === kind
}
