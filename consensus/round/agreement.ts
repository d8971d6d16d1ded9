/**
 * Order: Tendermint's Algorithm 1 (E. Buchman, J. Kwon, Z. Milosevic, "The latest gossip on BFT consensus",
 * arXiv:1807.04938), as rules that the machine applies until none acts. Line numbers refer to the paper. Departures: README.
 */
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName, Signed, Value } from '../../protocols/wire/messages.ts'
import { countSeats, seatIndex } from '../election/group.ts'
import { isAway } from './away.ts'
import { availableCommits, minimumCommits } from './collect.ts'
import { mayBecomeEnough } from './coming.ts'
import { AVAILABLE_WAITS, PROPOSAL_ATTACHMENTS_PER_SEAT, SILENT_SHARE, UNHEARD_SHARE } from './constants.ts'
import { arm, armOnce, disarm, patienceMs, sign } from './emit.ts'
import { advanceAll, beginExecution } from './execution.ts'
import { awake, closedSeats, type KnownValue, leaderOf, type ProposalRecord, type RoundState } from './state.ts'
import type { LockRecord, Polka } from './types.ts'
import { checkReference, isHopeless } from './validity.ts'
import { forgetViews, haveVoted, refreshValid, STEPS_A_VIEW, seatsAt } from './votes.ts'
import { chooseChanges } from './wishes.ts'

/**
 * View 0 is clocked from when Q seats have closed their work and enough of it is available: before that no leader can do anything. Where
 * that does not come about, the views go on after a while, as SKIP is in the later ones.
 */
export function beginClock(state: RoundState): boolean {
  const { group } = state.context
  if (state.begun || closedSeats(state) < group.quorum) return false
  if (mayBecomeEnough(state) && availableCommits(state).length < minimumCommits(state.context)) {
    armOnce(state, 'begin', AVAILABLE_WAITS * state.waits.scatterMs)
    return false
  }
  startClock(state)
  return true
}

/** View 0 begins. */
export function startClock(state: RoundState): void {
  if (state.begun) return
  state.begun = true
  disarm(state, 'begin')
  arm(state, `propose/${state.view}`, proposalWaitMs(state))
  hastenProposal(state)
}

/**
 * For a leader that neither this round nor the one before has heard hardly anything; for one that has gone silent since, little. Only in
 * the first f + 1 views, and the first f + 1 in which SKIP needs no IDLEs: replicas may have heard different seats, and who waits less
 * than others votes nil too early, view after view.
 */
function proposalWaitMs(state: RoundState): number {
  const { context, view } = state
  const waitMs = fullWaitMs(state)
  const leader = leaderOf(state, view)
  if (leader === null || isLate(state) || awake(state, [leader]).length > 0) return waitMs
  const isGone = !state.heard.has(leader) && context.tempo.silent.includes(leader)
  return waitMs * (isGone ? SILENT_SHARE : UNHEARD_SHARE)
}

/**
 * A connection came or went. For the proposal of a leader that is gone hardly anything more is waited: once a view, and only in the views
 * up to f, as replicas may see different connections, and a leader may let its own come and go.
 */
export function noteReachable(state: RoundState, peer: PeerName, reachable: boolean): void {
  const { context, view, step, begun, gone, decided } = state
  if (peer === context.self || seatIndex(context.group, peer) < 0 || gone.has(peer) !== reachable) return
  if (reachable) gone.delete(peer)
  else gone.add(peer)
  if (!reachable && begun && decided === null && step === 'propose' && leaderOf(state, view) === peer)
    hastenProposal(state)
}

/** Where the leader of this view is gone already: a sixteenth of the wait from now on. */
function hastenProposal(state: RoundState): void {
  const { context, view, gone, hastened } = state
  const leader = leaderOf(state, view)
  if (leader === null || !gone.has(leader) || view > context.group.faults || hastened >= view) return
  state.hastened = view
  arm(state, `propose/${view}`, fullWaitMs(state) * SILENT_SHARE)
}

/** It grows with the views, but for those up to f in which nobody could propose anything: those say nothing about the network. */
function fullWaitMs(state: RoundState): number {
  const { context, view, valid } = state
  const isPossible = valid !== null || availableCommits(state).length >= minimumCommits(context)
  const level = isPossible || isLate(state) ? view : Math.max(0, view - context.group.faults)
  return patienceMs(state, context.timeouts.proposeMs, level)
}

/** One of f + 1 leaders in a row is honest, and could have proposed SKIP: now all wait alike. */
function isLate({ view, context }: RoundState): boolean {
  return view > 2 * context.group.faults + 1
}

/** Line 11. */
export function enterView(state: RoundState, view: number): void {
  for (const name of ['propose', 'prevote', 'precommit', 'skip']) disarm(state, `${name}/${state.view}`)
  disarm(state, 'begin')
  state.view = view
  state.step = 'propose'
  state.begun = true
  state.askedBlock = null
  forgetViews(state)
  arm(state, `propose/${view}`, proposalWaitMs(state))
  hastenProposal(state)
}

/** Line 55: f + 1 seats are in higher views, so one honest one is. */
export function jump(state: RoundState): boolean {
  const { faults } = state.context.group
  // Almost never is anybody ahead, and this is asked after every message.
  if (state.positions.size <= faults || state.farthest < STEPS_A_VIEW * (state.view + 1)) return false
  const ahead: number[] = []
  for (const position of state.positions.values()) {
    const view = Math.floor(position / STEPS_A_VIEW)
    if (view > state.view) ahead.push(view)
  }
  const view = ahead.sort((a, b) => b - a)[faults]
  if (view === undefined) return false
  enterView(state, view)
  return true
}

/** Lines 14 to 19: the highest value known to have had a polka, else a new one. */
export function propose(state: RoundState): boolean {
  const { context, view, step, valid } = state
  if (context.self === null || leaderOf(state, view) !== context.self) return false
  if (step !== 'propose' || state.signedViews.propose >= view) return false
  if (valid !== null) {
    // A polka of this view: this peer proposed in it, on a disk that it has lost since.
    if (valid.view >= view) return false
    const shown = [...valid.prevotes, ...valid.known.commits.values()]
    return signProposal(state, valid.known.value, valid.view, shown)
  }
  const available = availableCommits(state)
  if (available.length >= minimumCommits(context) && graceIsOver(state)) {
    const commits = available.map(({ signer, payload }) => ({ author: signer, root: payload.root }))
    return signFresh(state, commits, [...available, ...state.haves.values()])
  }
  if (available.length < minimumCommits(context) && maySkip(state)) {
    return signFresh(state, 'skip', [...state.idles.values()])
  }
  return false
}

/** Commitments beyond the first n - f are waited for half as long as those took, unless all that can come are here. */
function graceIsOver(state: RoundState): boolean {
  const { context, startedAtMs, enoughAtMs, idles, nowMs } = state
  if (startedAtMs === null || enoughAtMs === null) return false
  const expected = context.group.seats.filter(
    ({ peer }) => !idles.has(peer) && !isAway(context, state.heard, peer),
  ).length
  if (availableCommits(state).length >= expected) return true
  const overAtMs = enoughAtMs + Math.min(context.timeouts.graceCapMs, (enoughAtMs - startedAtMs) / 2)
  if (nowMs >= overAtMs) return true
  armOnce(state, 'grace', overAtMs - nowMs)
  return false
}

/**
 * With f + 1 signed IDLEs at once; from view f + 1 on at once where enough cannot come any more, else after as long as commitments
 * take to become available, at most half of the time that the others wait for this proposal.
 */
function maySkip(state: RoundState): boolean {
  const { context, idles, view, waits } = state
  if (isHopeless(context, idles.keys())) return true
  if (view <= context.group.faults) return false
  if (!mayBecomeEnough(state)) return true
  const delayMs = Math.min(AVAILABLE_WAITS * waits.scatterMs, fullWaitMs(state) / 2)
  if (state.skipView < view) armOnce(state, `skip/${view}`, delayMs)
  return state.skipView === view
}

/** SKIP needs IDLEs in this view, of which there are too few, and nobody will have anything else to propose. */
export function passView(state: RoundState): boolean {
  const { context, view, step, begun, valid, proposals } = state
  if (!begun || step !== 'propose' || view > context.group.faults || valid !== null || proposals.has(view)) return false
  if (isHopeless(context, state.idles.keys()) || mayBecomeEnough(state)) return false
  castPrevote(state, null)
  return true
}

/** A new value; the wishes that it can carry go with it, and what proves them beside it. */
function signFresh(state: RoundState, commits: Value['commits'], shown: readonly Signed[]): boolean {
  const { scope, parent, group } = state.context
  const room = PROPOSAL_ATTACHMENTS_PER_SEAT * group.seats.length - shown.length
  const { changes, proof } = chooseChanges(state, room)
  const value = { scope, parent, reference: chooseReference(state), commits, changes }
  return signProposal(state, value, -1, [...shown, ...proof])
}

/** The second newest finalised block known: the newest may not have reached the others, who would have to wait for it. */
function chooseReference(state: RoundState): Value['reference'] {
  const [newest, second] = [...state.blocks].sort(([a], [b]) => b - a)
  const chosen = second ?? newest
  return chosen === undefined ? state.context.parentReference : { height: chosen[0], hash: chosen[1] }
}

function signProposal(
  state: RoundState,
  value: Value,
  validView: number,
  shown: readonly { readonly envelope: Uint8Array }[],
): boolean {
  const { view, context } = state
  state.signedViews.propose = view
  disarm(state, 'grace')
  sign(
    state,
    { kind: 'propose', scope: context.scope, view, validView, value },
    shown.map(signed => signed.envelope),
  )
  return true
}

/** Lines 22 to 33. */
export function prevote(state: RoundState): boolean {
  const record = state.proposals.get(state.view)
  if (state.step !== 'propose' || record === undefined) return false
  const opinion = judge(state, record)
  if (opinion === 'wait') return false
  castPrevote(state, opinion === 'accept' ? record : null)
  return true
}

/**
 * Accepted where it is valid and no own PRECOMMIT for another value is newer than the polka it shows. This is the paper's
 * lock rule, but stricter in one case (README, "Departures"): else an honest peer could sign what AMNESIA convicts.
 */
function judge(state: RoundState, { known, fault, proven, signed }: ProposalRecord): 'accept' | 'reject' | 'wait' {
  if (fault !== null) return 'reject'
  if (!proven) return 'wait'
  const { validView, value } = signed.payload
  if (newestOtherLock(state, known.id) > validView) return 'reject'
  if (validView >= 0) return 'accept'
  const reference = checkReference(state, value)
  return reference === 'right' ? 'accept' : reference === 'wrong' ? 'reject' : 'wait'
}

/** View of the newest own PRECOMMIT for a value other than this, or -1. */
function newestOtherLock({ lock }: RoundState, value: Hash): number {
  if (lock === null) return -1
  return equalBytes(lock.value, value) ? lock.otherView : lock.view
}

/** Signs a PREVOTE for the proposal, or for nil; candidates start computing, so that the vote hides that time. */
export function castPrevote(state: RoundState, record: ProposalRecord | null): void {
  const { view, context } = state
  state.step = 'prevote'
  disarm(state, `propose/${view}`)
  disarm(state, `skip/${view}`)
  if (state.signedViews.prevote < view) {
    state.signedViews.prevote = view
    const answer =
      record === null
        ? { value: null, validView: -1 }
        : { value: record.known.id, validView: record.signed.payload.validView }
    sign(state, { kind: 'prevote', scope: context.scope, view, ...answer })
  }
  if (record === null) return
  beginExecution(state, record.known)
  advanceAll(state)
}

/** Lines 36 to 46: on a polka lock and precommit it, on Q prevotes for nil precommit nil. */
export function precommit(state: RoundState): boolean {
  if (state.step !== 'prevote') return false
  refreshValid(state)
  if (state.valid?.view === state.view) {
    castPrecommit(state, state.valid.known)
    return true
  }
  const { quorum } = state.context.group
  const votes = state.prevotes.get(state.view)
  if (votes === undefined || votes.size < quorum) return false
  if ([...votes.values()].filter(({ payload }) => payload.value === null).length < quorum) return false
  castPrecommit(state, null)
  return true
}

/** Signs a PRECOMMIT, nil too, with the newest polka beside it; the journal has lock and polka before anybody has the vote. */
export function castPrecommit(state: RoundState, known: KnownValue | null): void {
  const { view, context, valid } = state
  state.step = 'precommit'
  disarm(state, `prevote/${view}`)
  if (context.self === null || state.signedViews.precommit >= view) return
  state.signedViews.precommit = view
  if (known !== null) state.lock = { view, value: known.id, otherView: newestOtherLock(state, known.id) }
  state.effects.push({ type: 'persist', record: lockRecord(state) })
  const value = known === null ? null : known.id
  const shown = valid === null ? [] : polkaEnvelopes(valid)
  sign(state, { kind: 'precommit', scope: context.scope, view, value, validView: valid?.view ?? -1 }, shown)
}

/** What travels beside a PRECOMMIT: the polka, and the proposal that carries its value. */
export function polkaEnvelopes({ proposal, prevotes }: Polka): Uint8Array[] {
  return [proposal.envelope, ...prevotes.map(vote => vote.envelope)]
}

function lockRecord({ lock, valid }: RoundState): LockRecord {
  if (valid === null) return { lock, valid }
  const { view, value, proposal, prevotes } = valid
  return { lock, valid: { view, value, proposal, prevotes } }
}

/**
 * Lines 34 and 47: Q seats have voted, whatever and however far they are by now; wait a little for the others that this round has heard.
 * Where all of them have voted, all replicas go on together.
 */
export function clockVotes(state: RoundState): boolean {
  const { context, view, step } = state
  const { quorum, seats } = context.group
  if (state.positions.size < quorum) return false
  const isPrevoted = step === 'prevote' && seatsAt(state, view, 'prevote') >= quorum
  const isPrecommitted = seatsAt(state, view, 'precommit') >= quorum
  // Asked after every message: who is awake matters only then.
  if (!isPrevoted && !isPrecommitted) return false
  const delayMs = patienceMs(state, context.timeouts.voteMs)
  const voters = awake(
    state,
    seats.map(({ peer }) => peer),
  )
  const clock = (vote: 'prevote' | 'precommit', isHurried: boolean): void => {
    const id = `${vote}/${view}`
    if (!isHurried) armOnce(state, id, delayMs)
    else if (state.hurried[vote] < view) {
      state.hurried[vote] = view
      arm(state, id, 0)
    }
  }
  // A polka whose proposal is still on its way is worth the wait.
  if (isPrevoted) clock('prevote', haveVoted(state, voters, view, 'prevote') && !state.polkas.has(view))
  if (isPrecommitted) clock('precommit', haveVoted(state, voters, view, 'precommit') || isInVain(state, view))
  return false
}

/** Q PRECOMMITs for nil: nothing can be decided in this view any more. */
function isInVain({ context, precommits }: RoundState, view: number): boolean {
  const votes = [...(precommits.get(view)?.values() ?? [])]
  const voters = votes.filter(({ payload }) => payload.value === null).map(({ signer }) => signer)
  return countSeats(context.group, voters) >= context.group.quorum
}

/** After the decision nothing of this is needed any more, and nothing of it is armed again. */
export function stopVoting(state: RoundState): void {
  if (state.stopped) return
  state.stopped = true
  for (const name of ['propose', 'prevote', 'precommit', 'skip']) disarm(state, `${name}/${state.view}`)
  disarm(state, 'begin')
  disarm(state, 'grace')
  disarm(state, 'scatter')
}
