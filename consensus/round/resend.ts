/** Nothing is sent once only: what siblings may lack is sent again, and who is still in a certified round is told its end. */
import type { PeerName, Signed } from '../../protocols/wire/messages.ts'
import { seatIndex } from '../election/group.ts'
import { holdersOf } from './availability.ts'
import { arm, armOnce, patienceMs } from './emit.ts'
import { ownAggregate } from './execution.ts'
import { certifiedHashes } from './outcome.ts'
import { carrierOf, type OwnKind, type RoundState } from './state.ts'

const UNDECIDED: readonly OwnKind[] = ['commit', 'idle', 'have', 'propose', 'prevote', 'precommit']

/** Which own message carries the proof of a decision: the first that exists. */
const PROOF_BEARERS: readonly OwnKind[] = ['outcome', 'precommit', 'prevote', 'commit', 'idle', 'have']

/**
 * Before the decision: the own work, once a view has failed with what shows it to be available, and newest votes. After it: its
 * proof, the own aggregates and outcome. With a certificate that came without its hashes: one message, which siblings answer with them.
 */
export function resend(state: RoundState): void {
  if (state.done) return
  if (state.certificate !== null) {
    const bearer = PROOF_BEARERS.find(kind => state.own.has(kind))
    // Whole, as ever: who is not as far refuses a PRECOMMIT that does not show its polka.
    if (bearer !== undefined && certifiedHashes(state) === null)
      again(state, state.own.get(bearer), state.attached.get(bearer) ?? [])
  } else if (state.decided === null) {
    for (const kind of UNDECIDED) {
      again(state, state.own.get(kind), kind === 'commit' ? acknowledgements(state) : (state.attached.get(kind) ?? []))
    }
  } else {
    const bearer = PROOF_BEARERS.find(kind => state.own.has(kind))
    if (bearer !== undefined) {
      again(state, state.own.get(bearer), [...(state.attached.get(bearer) ?? []), ...decisionProof(state)])
    }
    if (state.execution !== null) {
      for (const partition of state.execution.parts.keys()) {
        again(state, ownAggregate(state, state.execution.known.id, partition), [])
      }
    }
  }
  arm(state, 'resend', patienceMs(state, state.context.timeouts.voteMs))
}

/**
 * HAVEs of the first f + 1 candidates that hold each own partition, once a view has failed: the author sends nobody else anything, and a
 * leader that those did not reach before they went away, or that liars among them do not tell, could never propose.
 */
function acknowledgements({ view, context, candidates, holdings, haves, ownRoot }: RoundState): Uint8Array[] {
  const { self, group } = context
  if (view === 0 || self === null || ownRoot === null) return []
  const commit = { author: self, root: ownRoot }
  const holders = candidates.flatMap((ranked, partition) =>
    holdersOf(ranked, holdings, commit, partition).slice(0, group.faults + 1),
  )
  return [...new Set(holders)].flatMap(peer => (peer === self ? [] : (haves.get(peer)?.envelope ?? [])))
}

function again(state: RoundState, signed: Signed | undefined, attachments: readonly Uint8Array[]): void {
  if (signed !== undefined) state.effects.push({ type: 'resend', signed, attachments })
}

/** The proposal that carries the decided value and Q PRECOMMITs for it: whoever gets them decides as well. */
function decisionProof(state: RoundState): Uint8Array[] {
  if (state.decided === null) return []
  const carrier = carrierOf(state, state.decided.value)
  return [...(carrier === null ? [] : [carrier]), ...state.decided.proof].map(signed => signed.envelope)
}

/**
 * After the certificate a repeated message shows that its sender is stuck. The f + 1 seats after it answer, and f + 1 more
 * each interval that it stays stuck: one of them is honest, and not everybody sends a certificate at once.
 */
export function answerStuck(state: RoundState, peer: PeerName): void {
  const { context, certificate, stuck, seenStuck } = state
  if (certificate === null || context.self === null || peer === context.self || seenStuck.has(peer)) return
  const seats = context.group.seats.length
  const times = (stuck.get(peer) ?? 0) + 1
  stuck.set(peer, times)
  seenStuck.add(peer)
  armOnce(state, 'stuck', context.timeouts.voteMs)
  const distance = (seatIndex(context.group, context.self) - seatIndex(context.group, peer) + seats) % seats
  if (distance > times * (context.group.faults + 1)) return
  const hashes = certifiedHashes(state)
  state.effects.push({ type: 'answer', to: peer, certificate: certificate.certificate, hashes })
}
