/**
 * Certificates: Q equal outcomes under one value, with the commits that it sealed. Self-contained: who knows a group's
 * seats can check one without having been there.
 */
import { decodeStrict, encode } from './cbor.ts'
import { CERTIFICATE_MAX_BYTES, ENVELOPE_OVERHEAD_BYTES, MAX_SEATS } from './constants.ts'
import { open } from './envelope.ts'
import { arrayOf, bytes, isMap, object } from './fields.ts'
import { concatBytes, equalBytes, hashValue, isZeroHash, smallHash } from './hash.ts'
import { merkleRoot } from './merkle.ts'
import { sameScope, sorted, VALUE, valueRelation } from './message-fields.ts'
import type { Certificate, Commit, Hash, Outcome, PeerName, Signed, Value } from './messages.ts'
import { isRefusal, type Refusal, refuse } from './refusals.ts'
import { MESSAGES, outcomeEssence } from './table.ts'

/** The seats that may sign, and how many must. */
export interface CertifyingGroup {
  readonly seats: readonly PeerName[]
  readonly quorum: number
  readonly groupHash: Hash
}

/** id(v) and outcome hash of the round before. */
export type ParentExpectation = Value['parent']

export interface VerifiedCertificate {
  readonly value: Value
  /** id(v). */
  readonly valueId: Hash
  /** One of the equal outcomes. */
  readonly outcome: Outcome
  readonly outcomeHash: Hash
  /** Sorted. */
  readonly signers: readonly PeerName[]
  /** The signed outcomes, sorted by signer; their `heard` differ. */
  readonly outcomes: readonly Signed<Outcome>[]
  /** The sealed commits, sorted by author; empty for SKIP. */
  readonly commits: readonly Signed<Commit>[]
}

const FIELDS = object<Certificate>({
  value: VALUE,
  outcomes: arrayOf(bytes(1, MESSAGES.outcome.maxBytes + ENVELOPE_OVERHEAD_BYTES), MAX_SEATS, 1),
  commits: arrayOf(bytes(1, MESSAGES.commit.maxBytes + ENVELOPE_OVERHEAD_BYTES), MAX_SEATS),
})

export function encodeCertificate(certificate: Certificate): Uint8Array {
  return encode(certificate)
}

/** Checks bounds only; `verifyCertificate` checks what it says. */
export function decodeCertificate(encoded: Uint8Array): Certificate | Refusal {
  const value = decodeStrict(encoded, { maxBytes: CERTIFICATE_MAX_BYTES })
  if (isRefusal(value)) return value
  return isCertificate(value) ? value : refuse('out-of-bounds', `certificate: ${FIELDS(value, '') ?? 'not a map'}`)
}

/** Hash of what an outcome says, the same for all who agree: all fields but `heard`. */
export function outcomeHash(outcome: Outcome): Hash {
  return smallHash(encode(outcomeEssence(outcome)))
}

/** Next link of a stage's chain of certificates, as anchored: SHA-256("swarm-node/link/1" || previous || id(v) || outcome hash). */
export function linkOf(previousLink: Hash, certificateValueId: Hash, certificateOutcomeHash: Hash): Hash {
  return smallHash(concatBytes([LINK_TAG, previousLink, certificateValueId, certificateOutcomeHash]))
}

const LINK_TAG = new TextEncoder().encode('swarm-node/link/1')

/** Null where the root of a commit is the Merkle root of its leaves. */
export function checkCommitRoot(commit: Commit): Refusal | null {
  const holds = equalBytes(merkleRoot(commit.leaves, smallHash), commit.root)
  return holds ? null : refuse('wrong-hash', 'the root of a commit is not the Merkle root of its leaves')
}

/** Checks all that a certificate claims, but the value's validity against the chain, which its Q signers vouch for. */
export async function verifyCertificate(
  certificate: Certificate,
  group: CertifyingGroup,
  parent?: ParentExpectation,
): Promise<VerifiedCertificate | Refusal> {
  const { value } = certificate
  const unfit = checkValue(value, group, parent)
  if (unfit !== null) return unfit
  const outcomes = await openOutcomes(certificate, group)
  if (isRefusal(outcomes)) return outcomes
  const commits = await openCommits(certificate)
  if (isRefusal(commits)) return commits
  const outcome = outcomes[0]!.payload
  return {
    value,
    valueId: outcome.value,
    outcome,
    outcomeHash: outcomeHash(outcome),
    signers: outcomes.map(signed => signed.signer),
    outcomes,
    commits,
  }
}

function checkValue(value: Value, group: CertifyingGroup, parent: ParentExpectation | undefined): Refusal | null {
  const wrong = VALUE(value, 'value') ?? valueRelation(value)
  if (wrong !== null) return refuse('out-of-bounds', wrong)
  if (!equalBytes(value.scope.group, group.groupHash)) return refuse('wrong-group')
  if (parent === undefined) return null
  const follows = equalBytes(value.parent.value, parent.value) && equalBytes(value.parent.outcome, parent.outcome)
  return follows ? null : refuse('wrong-hash', 'the certificate does not follow its parent')
}

async function openOutcomes(certificate: Certificate, group: CertifyingGroup): Promise<Signed<Outcome>[] | Refusal> {
  // Too many cost signature checks, too few prove nothing.
  const { length } = certificate.outcomes
  if (length < group.quorum || length > group.seats.length)
    return refuse('out-of-bounds', `${length} outcomes where ${group.quorum} are needed`)
  const valueId = hashValue(certificate.value)
  const seats = new Set(group.seats)
  const outcomes: Signed<Outcome>[] = []
  let agreed: Hash | null = null
  for (const envelope of certificate.outcomes) {
    const signed = await open(envelope, { kinds: ['outcome'] })
    if (isRefusal(signed)) return signed
    const { signer, payload } = signed
    if (!seats.has(signer)) return refuse('no-seat', signer)
    if (!sameScope(payload.scope, certificate.value.scope)) return refuse('wrong-group', 'an outcome of another scope')
    if (!equalBytes(payload.value, valueId)) return refuse('wrong-hash', 'an outcome of another value')
    const hash = outcomeHash(payload)
    agreed ??= hash
    if (!equalBytes(hash, agreed)) return refuse('contradiction', 'the outcomes differ')
    outcomes.push(signed)
  }
  const unsorted = sorted(
    outcomes.map(signed => signed.signer),
    'outcomes',
  )
  if (unsorted !== null) return refuse('out-of-bounds', unsorted)
  const skipped = certificate.value.commits === 'skip'
  if (skipped && !isZeroHash(outcomes[0]!.payload.aggregateRoot)) return refuse('wrong-hash', 'SKIP has no aggregate')
  return outcomes
}

async function openCommits(certificate: Certificate): Promise<Signed<Commit>[] | Refusal> {
  const sealed = certificate.value.commits === 'skip' ? [] : certificate.value.commits
  if (sealed.length !== certificate.commits.length)
    return refuse('out-of-bounds', 'not one commit for each that was sealed')
  const commits: Signed<Commit>[] = []
  for (const [index, envelope] of certificate.commits.entries()) {
    const signed = await open(envelope, { kinds: ['commit'] })
    if (isRefusal(signed)) return signed
    const { author, root } = sealed[index]!
    if (signed.signer !== author || !equalBytes(signed.payload.root, root))
      return refuse('wrong-hash', `not the sealed commit of ${author}`)
    if (!sameScope(signed.payload.scope, certificate.value.scope))
      return refuse('wrong-group', 'a commit of another scope')
    const unproven = checkCommitRoot(signed.payload)
    if (unproven !== null) return unproven
    commits.push(signed)
  }
  return commits
}

function isCertificate(value: unknown): value is Certificate {
  return isMap(value) && FIELDS(value, '') === null
}
