/**
 * What two signatures of one peer prove about it, to anyone (round.md, "Signing"). Never from HAVE, SETTLED, IDLE or
 * activations, and never from numerics: `table.ts` says which kinds count.
 */
import { encode } from './cbor.ts'
import { open } from './envelope.ts'
import { compareBytes, equalBytes } from './hash.ts'
import type { Evidence, Payload, Precommit, Prevote, Signed } from './messages.ts'
import { isRefusal } from './refusals.ts'
import { essenceOf, MESSAGES, slotOf } from './table.ts'

/** The evidence that two checked signatures amount to, in either order; null where they go together. */
export function contradiction(a: Signed, b: Signed): Evidence | null {
  if (a.signer !== b.signer) return null
  return double(a, b) ?? amnesia(a, b) ?? amnesia(b, a)
}

/** True where both envelopes are genuine, the accused's, and prove what the evidence claims. */
export async function verifyEvidence(evidence: Evidence): Promise<boolean> {
  const [a, b] = await Promise.all([open(evidence.envelopes[0]), open(evidence.envelopes[1])])
  if (isRefusal(a) || isRefusal(b)) return false
  const proven = contradiction(a, b)
  return (
    proven !== null &&
    proven.kind === evidence.kind &&
    proven.accused === evidence.accused &&
    equalBytes(proven.envelopes[0], evidence.envelopes[0])
  )
}

/** Two different things signed in one slot. The smaller encoding comes first, so that everybody writes the same evidence. */
function double(a: Signed, b: Signed): Evidence | null {
  const kind = MESSAGES[a.payload.kind].evidence
  const slot = slotOf(a.payload)
  if (kind === null || slot === null || slot !== slotOf(b.payload)) return null
  if (equalBytes(encode(essenceOf(a.payload)), encode(essenceOf(b.payload)))) return null
  return { kind, accused: a.signer, envelopes: inOrder(a.envelope, b.envelope) }
}

/**
 * A vote against the own lock (Tendermint, Algorithm 1, lines 22 to 33): PRECOMMIT(a, x) locks x in view a; a later
 * PREVOTE(b > a) for another value needs a polka of view a or above, which its `validView` names.
 */
function amnesia(first: Signed, second: Signed): Evidence | null {
  const { payload: precommit } = first
  const { payload: prevote } = second
  if (!isPrecommit(precommit) || !isPrevote(prevote) || !sameRound(precommit, prevote)) return null
  const { value: locked, view: lockedView } = precommit
  const { value, view, validView } = prevote
  if (locked === null || value === null || view <= lockedView || validView >= lockedView) return null
  if (equalBytes(locked, value)) return null
  return { kind: 'amnesia', accused: first.signer, envelopes: [first.envelope, second.envelope] }
}

function isPrecommit(payload: Payload): payload is Precommit {
  return payload.kind === 'precommit'
}

function isPrevote(payload: Payload): payload is Prevote {
  return payload.kind === 'prevote'
}

function sameRound(a: Precommit, b: Prevote): boolean {
  return (
    a.scope.run === b.scope.run &&
    a.scope.epoch === b.scope.epoch &&
    a.scope.stage === b.scope.stage &&
    a.scope.round === b.scope.round
  )
}

function inOrder(a: Uint8Array, b: Uint8Array): [Uint8Array, Uint8Array] {
  return compareBytes(a, b) <= 0 ? [a, b] : [b, a]
}
