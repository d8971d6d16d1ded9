/**
 * The round of one stage as a machine: collect, order, execute, certify. `step` takes one input, then applies the rules
 * until none acts; the effects say what the driver has to do, in this order. The given state is consumed.
 */
import type { Hash } from '../../protocols/wire/messages.ts'
import {
  beginClock,
  castPrecommit,
  castPrevote,
  clockVotes,
  enterView,
  jump,
  noteReachable,
  passView,
  polkaEnvelopes,
  precommit,
  prevote,
  propose,
  startClock,
  stopVoting,
} from './agreement.ts'
import { beginScatter, commitOwn, idleOwn, noteEnough, scatter, signHave, store } from './collect.ts'
import { HEADS_KEPT } from './constants.ts'
import { receive } from './door.ts'
import { arm, isKind } from './emit.ts'
import { aggregated, execute, executeDecided, executed, gathered, reduceTimeout } from './execution.ts'
import { adoptCertificate, certify, finish, weighOutcomes } from './outcome.ts'
import { resend } from './resend.ts'
import { emptyState, type RoundState, type VoteStep } from './state.ts'
import { reportStatus } from './status.ts'
import type { RestoredRound, RoundContext, RoundInput, Step } from './types.ts'
import { learnValue } from './validity.ts'
import { refreshValid } from './votes.ts'
import { noteWish } from './wishes.ts'

/** A rule acts (true) or does not apply (false). */
type Rule = (state: RoundState) => boolean

/** `jump` comes first: no vote is cast in a view that f + 1 seats have left. */
const BEFORE_DECISION: readonly Rule[] = [
  jump,
  refreshValid,
  noteEnough,
  beginClock,
  propose,
  prevote,
  passView,
  precommit,
  clockVotes,
]
const ALWAYS: readonly Rule[] = [weighOutcomes, executeDecided, execute, certify, finish]

/** What a timer does when it expires. `view` is the number after the slash of its id. */
const TIMERS: Readonly<Record<string, (state: RoundState, view: number) => void>> = {
  have: signHave,
  scatter,
  grace: () => {},
  begin: startClock,
  resend,
  reduce: reduceTimeout,
  stuck: state => state.seenStuck.clear(),
  skip: (state, view) => {
    state.skipView = view
  },
  propose: (state, view) => {
    if (view === state.view && state.step === 'propose') castPrevote(state, null)
  },
  prevote: (state, view) => {
    if (view === state.view && state.step === 'prevote') castPrecommit(state, null)
  },
  precommit: (state, view) => {
    if (view === state.view) enterView(state, view + 1)
  },
}

/** A round at its start, or as the journal remembers it. The effects (of a restart) belong to the first step. */
export function createRound(context: RoundContext, restored?: RestoredRound): Step<RoundState> {
  const state = emptyState(context)
  if (restored !== undefined) restore(state, restored)
  applyRules(state)
  return { state, effects: state.effects }
}

/** Takes one input. `nowMs` is any monotone clock's; only differences are used. */
export function step(state: RoundState, input: RoundInput, nowMs: number): Step<RoundState> {
  state.nowMs = nowMs
  state.effects = []
  take(state, input)
  applyRules(state)
  return { state, effects: state.effects }
}

function take(state: RoundState, input: RoundInput): void {
  switch (input.type) {
    case 'message':
      receive(state, input)
      break
    case 'timer':
      expire(state, input.id)
      break
    case 'reachable':
      noteReachable(state, input.peer, input.reachable)
      break
    case 'own-commit':
      commitOwn(state, input.commit)
      break
    case 'own-idle':
      idleOwn(state)
      break
    case 'wish':
      noteWish(state, input.wish)
      break
    case 'stored':
      store(state, input.author, input.root, input.partition)
      break
    case 'aggregated':
      aggregated(state, input.value, input.partition, input.hash)
      break
    case 'gathered':
      gathered(state, input.value, input.partition, input.hash)
      break
    case 'executed':
      executed(state, input.value, input.accepted, input.fullRoot)
      break
    case 'finalized':
    case 'block':
      noteBlock(state, input.height, input.hash)
      break
    case 'certificate':
      adoptCertificate(state, input.certificate, input.outcomes, input.commits, input.hashes)
      break
  }
}

function applyRules(state: RoundState): void {
  while ((state.decided === null && anyActs(BEFORE_DECISION, state)) || anyActs(ALWAYS, state));
  if (state.decided !== null) stopVoting(state)
  reportStatus(state)
}

function anyActs(rules: readonly Rule[], state: RoundState): boolean {
  for (let index = 0; index < rules.length; index++) if (rules[index]!(state)) return true
  return false
}

/** A timer that was cancelled or replaced meanwhile may still be on its way: then it does nothing. */
function expire(state: RoundState, id: string): void {
  if (!state.timers.delete(id)) return
  const [name = '', view] = id.split('/')
  TIMERS[name]?.(state, Number(view ?? 0))
}

function noteBlock(state: RoundState, height: number, hash: Hash): void {
  if (height < state.context.parentReference.height || state.blocks.has(height)) return
  state.blocks.set(height, hash)
  const lowest = Math.min(...state.blocks.keys())
  if (state.blocks.size > HEADS_KEPT) state.blocks.delete(lowest)
}

/** Goes on where the journal ends: in the newest view it signed for, after the last step it signed, with its lock. */
function restore(state: RoundState, { messages, lock, valid }: RestoredRound): void {
  state.lock = lock
  if (valid !== null) state.valid = { ...valid, known: learnValue(state, valid.proposal.payload.value) }
  for (const { payload } of messages) {
    if (payload.kind === 'commit') state.signedWork = true
    if (payload.kind === 'outcome') state.signedOutcome = true
    if (payload.kind === 'propose' || payload.kind === 'prevote' || payload.kind === 'precommit') {
      state.signedViews[payload.kind] = Math.max(state.signedViews[payload.kind], payload.view)
    }
  }
  const view = Math.max(...Object.values(state.signedViews))
  if (view >= 0) enterView(state, view)
  state.step = stepAfter(state, state.view)
  for (const signed of messages) receive(state, { signed, attachments: [] })
  if (valid !== null) state.attached.set('precommit', polkaEnvelopes(valid))
  const own = state.own.get('commit')
  if (own !== undefined && isKind(own, 'commit')) beginScatter(state, own.signer, own.payload.root)
  if (messages.length > 0) arm(state, 'resend', state.context.timeouts.voteMs)
}

function stepAfter({ signedViews }: RoundState, view: number): VoteStep {
  if (signedViews.precommit >= view) return 'precommit'
  return signedViews.prevote >= view ? 'prevote' : 'propose'
}
