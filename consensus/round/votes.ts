/** The door for votes: the first of each seat, view and kind counts, within a window of views around the current one. */
import { equalBytes, hashValue } from '../../protocols/wire/hash.ts'
import type { PeerName, Precommit, Prevote, Proposal, Signed, Value } from '../../protocols/wire/messages.ts'
import { refuse } from '../../protocols/wire/refusals.ts'
import { isSound, offerCommit } from './collect.ts'
import { VIEWS_AHEAD, VIEWS_BEHIND } from './constants.ts'
import { isKind } from './emit.ts'
import { accuse, type Verdict } from './evidence.ts'
import { beginExecution } from './execution.ts'
import { carrierOf, leaderOf, type PrevoteQuorum, type RoundState, type VotesByView } from './state.ts'
import type { Polka } from './types.ts'
import { learnValue, provesFresh, valueFault, voteQuorum } from './validity.ts'

/** Steps within a view, for positions. */
export const STEPS = { propose: 0, prevote: 1, precommit: 2 } as const
export const STEPS_A_VIEW = 3

/**
 * @param attachments - messages of this round
 * @param proof - everything that came beside it
 */
export function takeProposal(
  state: RoundState,
  signed: Signed<Proposal>,
  attachments: readonly Signed[],
  proof: readonly Signed[],
): Verdict {
  const { payload, signer } = signed
  learnDecided(state, payload.value)
  if (leaderOf(state, payload.view) !== signer)
    return refuse('not-allowed', `${signer} does not lead view ${payload.view}`)
  if (payload.validView >= payload.view) return refuse('out-of-bounds', 'validView must be below view')
  notePosition(state, signer, payload.view, 'propose')
  if (!inWindow(state, payload.view)) return 'repeat'
  const first = state.proposals.get(payload.view)
  if (first !== undefined && !equalBytes(first.signed.envelope, signed.envelope))
    return accuse(state, first.signed, signed)
  const record = first ?? {
    signed,
    known: learnValue(state, payload.value),
    fault: valueFault(state.context, payload.value),
    proven: false,
  }
  if (record.proven) return 'repeat'
  state.proposals.set(payload.view, record)
  for (const one of attachments) if (isKind(one, 'commit') && isSound(state, one)) offerCommit(state, one)
  const polka = showPolka(state, payload.validView, [...attachments, signed])
  record.proven =
    signer === state.context.self ||
    (payload.validView < 0
      ? provesFresh(state, payload, attachments, proof)
      : polka !== null && equalBytes(polka.value, record.known.id))
  return first === undefined || record.proven ? 'new' : 'repeat'
}

/** A leader may have sent several values: the decided one is taken whatever was seen first. Its id proves it. */
function learnDecided(state: RoundState, value: Value): void {
  if (state.decided === null || state.executing || !equalBytes(hashValue(value), state.decided.value)) return
  beginExecution(state, learnValue(state, value))
}

export function takePrevote(state: RoundState, signed: Signed<Prevote>): Verdict {
  const { view, validView } = signed.payload
  if (validView >= view) return refuse('out-of-bounds', 'validView must be below view')
  const verdict = takeVote(state, state.prevotes, signed)
  if (verdict !== 'new') return verdict
  for (const votes of state.precommits.values()) accuseAmnesia(state, votes.get(signed.signer), signed)
  const votes = votesOfQuorum(state, state.prevotes, view)
  if (votes !== null && !state.polkas.has(view)) learnPolka(state, voteQuorum(state.context, votes))
  return 'new'
}

/**
 * A PRECOMMIT shows the polka that it names, so no lock stays hidden from the next leaders. One that travels as an
 * attachment itself (in the proof of a decision) need not: it is only counted.
 */
export function takePrecommit(
  state: RoundState,
  signed: Signed<Precommit>,
  attachments: readonly Signed[],
  nested: boolean,
): Verdict {
  const { value, view, validView } = signed.payload
  if (value === null ? validView > view : validView !== view) return refuse('out-of-bounds', 'it names the wrong polka')
  if (!nested && signed.signer !== state.context.self) {
    const shown = showPolka(state, validView, attachments)
    const news = validView > (state.valid?.view ?? -1)
    if (news && shown === null) return refuse('out-of-bounds', 'it does not show its polka')
  }
  const verdict = takeVote(state, state.precommits, signed)
  if (verdict !== 'new') return verdict
  for (const votes of state.prevotes.values()) accuseAmnesia(state, signed, votes.get(signed.signer))
  decideBy(state, votesOfQuorum(state, state.precommits, view) ?? [])
  return 'new'
}

/** Line 49: Q PRECOMMITs for one value in any view decide it, whether they came one by one or as somebody's proof. */
export function decideBy(state: RoundState, precommits: Iterable<Signed<Precommit>>): void {
  if (state.decided !== null) return
  const decision = voteQuorum(state.context, precommits)
  if (decision !== null) state.decided = { value: decision.value, proof: decision.votes }
}

/** Seats that have shown to be at this step or beyond it. In a later view they cannot vote here any more, so they count. */
export function seatsAt(state: RoundState, view: number, step: keyof typeof STEPS): number {
  const position = STEPS_A_VIEW * view + STEPS[step]
  let count = 0
  for (const other of state.positions.values()) if (other >= position) count++
  return count
}

/** Are all of these at this step or beyond it? */
export function haveVoted(
  { positions }: RoundState,
  peers: readonly PeerName[],
  view: number,
  step: keyof typeof STEPS,
): boolean {
  return peers.every(peer => (positions.get(peer) ?? -1) >= STEPS_A_VIEW * view + STEPS[step])
}

/** Raises `valid` to the highest polka whose value is known: what this peer would propose. */
export function refreshValid(state: RoundState): boolean {
  let raised = false
  for (const polka of state.polkas.values()) {
    const carrier = polka.view > (state.valid?.view ?? -1) ? carrierOf(state, polka.value) : null
    if (carrier === null) continue
    raiseValid(state, polka, carrier)
    raised = true
  }
  return raised
}

function raiseValid(state: RoundState, { view, value, votes }: PrevoteQuorum, proposal: Signed<Proposal>): void {
  state.valid = { view, value, proposal, prevotes: votes, known: learnValue(state, proposal.payload.value) }
}

/** Forgets the views that have left the window. */
export function forgetViews(state: RoundState): void {
  for (const views of [state.proposals, state.prevotes, state.precommits, state.polkas]) {
    for (const view of views.keys()) if (view < state.view - VIEWS_BEHIND) views.delete(view)
  }
}

function inWindow(state: RoundState, view: number): boolean {
  return view >= state.view - VIEWS_BEHIND && view <= state.view + VIEWS_AHEAD
}

function takeVote<Vote extends Prevote | Precommit>(
  state: RoundState,
  table: VotesByView<Vote>,
  signed: Signed<Vote>,
): Verdict {
  const { view, kind } = signed.payload
  notePosition(state, signed.signer, view, kind)
  if (!inWindow(state, view)) return 'repeat'
  const votes = table.get(view) ?? new Map<PeerName, Signed<Vote>>()
  const first = votes.get(signed.signer)
  if (first !== undefined) return equalBytes(first.envelope, signed.envelope) ? 'repeat' : accuse(state, first, signed)
  table.set(view, votes.set(signed.signer, signed))
  return 'new'
}

/** Null where fewer than Q seats have voted in a view: then they need not be counted. */
function votesOfQuorum<Vote extends Prevote | Precommit>(
  { context }: RoundState,
  table: VotesByView<Vote>,
  view: number,
): Iterable<Signed<Vote>> | null {
  const votes = table.get(view)
  return votes === undefined || votes.size < context.group.quorum ? null : votes.values()
}

function notePosition(state: RoundState, peer: PeerName, view: number, step: keyof typeof STEPS): void {
  const position = STEPS_A_VIEW * view + STEPS[step]
  if (position <= (state.positions.get(peer) ?? -1)) return
  state.positions.set(peer, position)
  state.farthest = Math.max(state.farthest, position)
}

function accuseAmnesia(
  state: RoundState,
  precommit: Signed<Precommit> | undefined,
  prevote: Signed<Prevote> | undefined,
): void {
  if (precommit?.payload.value != null && prevote?.payload.value != null) accuse(state, precommit, prevote)
}

/**
 * The polka of a view: known, or taken over from what travelled beside a message, with the proposal that carries its value.
 * Signatures and scopes of attachments were checked at the door.
 */
function showPolka(state: RoundState, view: number, attachments: readonly Signed[]): PrevoteQuorum | null {
  if (view < 0) return null
  if (state.valid?.view === view) return polkaIn(state.valid)
  const shown = attachments.filter(signed => isKind(signed, 'prevote')).filter(({ payload }) => payload.view === view)
  const polka = state.polkas.get(view) ?? voteQuorum(state.context, shown)
  if (polka === null) return null
  learnPolka(state, polka)
  for (const carrier of attachments.filter(signed => isKind(signed, 'propose'))) {
    const { value } = carrier.payload
    if (view <= (state.valid?.view ?? -1) || !equalBytes(hashValue(value), polka.value)) continue
    raiseValid(state, polka, carrier)
  }
  return polka
}

/** Proposals that were waiting for this polka are proven by it. */
function learnPolka(state: RoundState, polka: PrevoteQuorum | null): void {
  if (polka === null || !inWindow(state, polka.view)) return
  if (!state.polkas.has(polka.view)) state.polkas.set(polka.view, polka)
  for (const record of state.proposals.values()) {
    if (record.signed.payload.validView === polka.view && equalBytes(record.known.id, polka.value)) record.proven = true
  }
}

function polkaIn({ view, value, prevotes }: Polka): PrevoteQuorum {
  return { view, value, votes: prevotes }
}
