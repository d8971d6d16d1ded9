/** What comes in from siblings: scope, seat and bounds are checked here, then each kind goes to its own taker. */
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Scope, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import { seatIndex } from '../election/group.ts'
import { takeCommit, takeHave, takeIdle } from './collect.ts'
import { ATTACHMENTS_PER_SEAT, PROPOSAL_ATTACHMENTS_PER_SEAT } from './constants.ts'
import { isKind, isOwnKind } from './emit.ts'
import type { Verdict } from './evidence.ts'
import { takeAggregate } from './execution.ts'
import { takeOutcome } from './outcome.ts'
import { answerStuck } from './resend.ts'
import type { RoundState } from './state.ts'
import type { Received, RoundContext } from './types.ts'
import { decideBy, takePrecommit, takePrevote, takeProposal } from './votes.ts'

/** One message with what travelled beside it. Attachments are messages of their own signers and are taken first, votes before the values that they decide. */
export function receive(state: RoundState, { signed, attachments }: Received): void {
  const { signer } = signed
  const wrong = doorFault(state, signed) ?? attachmentsFault(state.context, signed, attachments)
  if (wrong !== null) {
    refused(state, signed, wrong)
    return
  }
  state.heard.add(signer)
  state.spokeAtMs.set(signer, state.nowMs)
  const shown = attachments.length === 0 ? attachments : takeAttachments(state, attachments)
  // What proves a change of members is of past rounds or of peers without a seat: no message of this round, but evidence.
  const verdict = isKind(signed, 'propose')
    ? takeProposal(state, signed, shown, attachments)
    : take(state, signed, shown, false)
  if (isRefusal(verdict)) refused(state, signed, verdict)
  if (verdict === 'repeat') answerStuck(state, signer)
  if (signer === state.context.self) keepOwn(state, signed)
}

/** @returns those of this round's seats and scope */
function takeAttachments(state: RoundState, attachments: readonly Signed[]): readonly Signed[] {
  const shown = attachments.filter(attachment => doorFault(state, attachment) === null)
  const isProposal = (one: Signed) => one.payload.kind === 'propose'
  for (const one of shown) if (!isProposal(one)) takeShown(state, one)
  decideBy(
    state,
    shown.filter(one => isKind(one, 'precommit')),
  )
  for (const one of shown) if (isProposal(one)) takeShown(state, one)
  return shown
}

/** What is kept for re-sending: the newest of each kind. Also how a restart gives back what was signed. */
function keepOwn(state: RoundState, signed: Signed): void {
  const { payload } = signed
  if (!isOwnKind(payload.kind)) return
  const known = state.own.get(payload.kind)?.payload
  const isOlder = known !== undefined && 'view' in known && 'view' in payload && known.view > payload.view
  if (!isOlder) state.own.set(payload.kind, signed)
}

/**
 * An attachment is refused aloud only where its signer contradicts itself. Everything else (late, early, repeated) a relay may
 * pass on in good faith.
 */
function takeShown(state: RoundState, one: Signed): void {
  const verdict = take(state, one, [], true)
  if (isRefusal(verdict) && verdict.refused === 'contradiction') refused(state, one, verdict)
}

function take(state: RoundState, signed: Signed, attachments: readonly Signed[], nested: boolean): Verdict {
  if (isKind(signed, 'commit')) return takeCommit(state, signed)
  if (isKind(signed, 'idle')) return takeIdle(state, signed)
  if (isKind(signed, 'have')) return takeHave(state, signed)
  if (isKind(signed, 'propose')) return takeProposal(state, signed, attachments, attachments)
  if (isKind(signed, 'prevote')) return takePrevote(state, signed)
  if (isKind(signed, 'precommit')) return takePrecommit(state, signed, attachments, nested)
  if (isKind(signed, 'aggregate')) return takeAggregate(state, signed)
  if (isKind(signed, 'outcome')) return takeOutcome(state, signed)
  return refuse('not-allowed', `${signed.payload.kind} is no message of a round`)
}

function refused(state: RoundState, { signer, payload }: Signed, { refused: reason, detail }: Refusal): void {
  state.effects.push({ type: 'refused', reason, signer, detail: `${payload.kind}: ${detail ?? reason}` })
}

function attachmentsFault(
  { group }: RoundContext,
  { payload }: Signed,
  attachments: readonly Signed[],
): Refusal | null {
  const perSeat = payload.kind === 'propose' ? PROPOSAL_ATTACHMENTS_PER_SEAT : ATTACHMENTS_PER_SEAT
  const most = perSeat * group.seats.length
  return attachments.length <= most
    ? null
    : refuse('too-large', `${attachments.length} attachments where ${most} are allowed`)
}

function doorFault({ context, heard }: RoundState, { signer, payload }: Signed): Refusal | null {
  const { scope, group } = context
  if (payload.kind === 'record') return refuse('not-allowed', 'a record is no message of a round')
  const wrong = scopeFault(scope, payload.scope)
  if (wrong !== null) return wrong
  // Only seats are heard; a message may bring dozens of theirs.
  return heard.has(signer) || seatIndex(group, signer) >= 0 ? null : refuse('no-seat', signer)
}

function scopeFault(own: Scope, other: Scope): Refusal | null {
  // One's own, and a sibling's where a stage is simulated.
  if (other === own) return null
  if (other.version !== own.version) return refuse('wrong-version')
  if (!equalBytes(other.genesis, own.genesis)) return refuse('wrong-genesis')
  if (other.run !== own.run) return refuse('wrong-run')
  if (other.stage !== own.stage) return refuse('wrong-stage')
  if (other.round < own.round) return refuse('stale-round')
  if (other.round > own.round) return refuse('future-round')
  if (other.epoch !== own.epoch) return refuse('wrong-epoch')
  return equalBytes(other.group, own.group) ? null : refuse('wrong-group')
}
