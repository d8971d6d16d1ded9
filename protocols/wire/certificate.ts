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
import { MESSAGES, outcomeEssence, type PayloadOf } from './table.ts'

/** The seats that may sign, and how many must. */
export interface CertifyingGroup {
  readonly seats: readonly PeerName[]
  readonly quorum: number
  readonly groupHash: Hash
}

/** id(v) and outcome hash of the round before. */
export type ParentExpectation = Value['parent']

/** A value and the outcomes under it, without the commits: what shows that a round was decided and executed. */
export type ValueWithOutcomes = Pick<Certificate, 'value' | 'outcomes'>

export interface CertifiedValue {
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
}

export interface VerifiedCertificate extends CertifiedValue {
  /** The sealed commits, sorted by author; empty for SKIP. */
  readonly commits: readonly Signed<Commit>[]
}

export const OUTCOME_ENVELOPES = arrayOf(bytes(1, MESSAGES.outcome.maxBytes + ENVELOPE_OVERHEAD_BYTES), MAX_SEATS, 1)

const FIELDS = object<Certificate>({
  value: VALUE,
  outcomes: OUTCOME_ENVELOPES,
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
  const known = OUTCOME_HASHES.get(outcome)
  if (known !== undefined) return known
  const hash = smallHash(encode(outcomeEssence(outcome)))
  OUTCOME_HASHES.set(outcome, hash)
  return hash
}

/** Each replica weighs its siblings' outcomes several times. */
const OUTCOME_HASHES = new WeakMap<Outcome, Hash>()

/** Next link of a stage's chain of certificates, as anchored: SHA-256("swarm-node/link/1" || previous || id(v) || outcome hash). */
export function linkOf(previousLink: Hash, certificateValueId: Hash, certificateOutcomeHash: Hash): Hash {
  return smallHash(concatBytes([LINK_TAG, previousLink, certificateValueId, certificateOutcomeHash]))
}

const LINK_TAG = new TextEncoder().encode('swarm-node/link/1')

/** Null where the root of a commit is the Merkle root of its leaves. */
export function checkCommitRoot(commit: Commit): Refusal | null {
  if (SOUND_COMMITS.has(commit)) return null
  if (!equalBytes(merkleRoot(commit.leaves, smallHash), commit.root))
    return refuse('wrong-hash', 'the root of a commit is not the Merkle root of its leaves')
  SOUND_COMMITS.add(commit)
  return null
}

/** Checked when it came, when a value sealed it and in the certificate: hashed once. */
const SOUND_COMMITS = new WeakSet<Commit>()

/** Checks all that a certificate claims, but the value's validity against the chain, which its Q signers vouch for. */
export async function verifyCertificate(
  certificate: Certificate,
  group: CertifyingGroup,
  parent?: ParentExpectation,
): Promise<VerifiedCertificate | Refusal> {
  // Before any signature is checked: too many cost, too few prove nothing.
  const unfit = shapeFault(certificate, group) ?? linkFault(certificate, parent)
  if (unfit !== null) return unfit
  const outcomes = await openAll(certificate.outcomes, 'outcome')
  if (isRefusal(outcomes)) return outcomes
  const commits = await openAll(certificate.commits, 'commit')
  return isRefusal(commits) ? commits : checkCertificate(certificate, { outcomes, commits }, group, parent)
}

/** Checks what of a certificate stands for itself without the commits: Q equal outcomes of these seats under the value. */
export async function verifyOutcomes(
  certified: ValueWithOutcomes,
  group: CertifyingGroup,
): Promise<CertifiedValue | Refusal> {
  const unfit = shapeFault(certified, group)
  if (unfit !== null) return unfit
  const outcomes = await openAll(certified.outcomes, 'outcome')
  return isRefusal(outcomes) ? outcomes : checkOutcomes(certified, outcomes, group)
}

/** The same of envelopes that are opened already. Pure. */
export function checkOutcomes(
  certified: ValueWithOutcomes,
  opened: readonly Signed<Outcome>[],
  group: CertifyingGroup,
): CertifiedValue | Refusal {
  const { value } = certified
  const wrong = shapeFault(certified, group) ?? outcomesFault(value, opened, group)
  if (wrong !== null) return wrong
  const outcome = opened[0]!.payload
  const signers = opened.map(signed => signed.signer)
  return { value, valueId: outcome.value, outcome, outcomeHash: outcomeHash(outcome), signers, outcomes: opened }
}

/** The same of envelopes that are opened already, in the certificate's order: whoever signed them. Pure. */
export function checkCertificate(
  certificate: Certificate,
  opened: { readonly outcomes: readonly Signed<Outcome>[]; readonly commits: readonly Signed<Commit>[] },
  group: CertifyingGroup,
  parent?: ParentExpectation,
): VerifiedCertificate | Refusal {
  const { outcomes, commits } = opened
  const certified = linkFault(certificate, parent) ?? checkOutcomes(certificate, outcomes, group)
  if (isRefusal(certified)) return certified
  return commitsFault(certificate.value, commits) ?? { ...certified, commits }
}

function shapeFault({ value, outcomes }: ValueWithOutcomes, group: CertifyingGroup): Refusal | null {
  const wrong = VALUE(value, 'value') ?? valueRelation(value)
  if (wrong !== null) return refuse('out-of-bounds', wrong)
  if (!equalBytes(value.scope.group, group.groupHash)) return refuse('wrong-group')
  return outcomes.length < group.quorum || outcomes.length > group.seats.length
    ? refuse('out-of-bounds', `${outcomes.length} outcomes where ${group.quorum} are needed`)
    : null
}

/** It follows this parent, and has a commit for each that was sealed. */
function linkFault({ value, commits }: Certificate, parent: ParentExpectation | undefined): Refusal | null {
  const follows =
    parent === undefined ||
    (equalBytes(value.parent.value, parent.value) && equalBytes(value.parent.outcome, parent.outcome))
  if (!follows) return refuse('wrong-hash', 'the certificate does not follow its parent')
  const sealed = value.commits === 'skip' ? 0 : value.commits.length
  return sealed === commits.length ? null : refuse('out-of-bounds', 'not one commit for each that was sealed')
}

function outcomesFault(value: Value, outcomes: readonly Signed<Outcome>[], group: CertifyingGroup): Refusal | null {
  const valueId = hashValue(value)
  const seats = new Set(group.seats)
  let agreed: Hash | null = null
  for (const { signer, payload } of outcomes) {
    if (!seats.has(signer)) return refuse('no-seat', signer)
    if (!sameScope(payload.scope, value.scope)) return refuse('wrong-group', 'an outcome of another scope')
    if (!equalBytes(payload.value, valueId)) return refuse('wrong-hash', 'an outcome of another value')
    const hash = outcomeHash(payload)
    agreed ??= hash
    if (!equalBytes(hash, agreed)) return refuse('contradiction', 'the outcomes differ')
  }
  // Sorted without repetition: no seat counts twice.
  const unsorted = sorted(
    outcomes.map(signed => signed.signer),
    'outcomes',
  )
  if (unsorted !== null) return refuse('out-of-bounds', unsorted)
  const skipped = value.commits === 'skip'
  if (skipped && !isZeroHash(outcomes[0]!.payload.aggregateRoot)) return refuse('wrong-hash', 'SKIP has no aggregate')
  return null
}

function commitsFault(value: Value, commits: readonly Signed<Commit>[]): Refusal | null {
  const sealed = value.commits === 'skip' ? [] : value.commits
  for (const [index, { signer, payload }] of commits.entries()) {
    const { author, root } = sealed[index]!
    if (signer !== author || !equalBytes(payload.root, root))
      return refuse('wrong-hash', `not the sealed commit of ${author}`)
    if (!sameScope(payload.scope, value.scope)) return refuse('wrong-group', 'a commit of another scope')
    const unproven = checkCommitRoot(payload)
    if (unproven !== null) return unproven
  }
  return null
}

async function openAll<K extends 'outcome' | 'commit'>(
  envelopes: readonly Uint8Array[],
  kind: K,
): Promise<Signed<PayloadOf<K>>[] | Refusal> {
  const opened: Signed<PayloadOf<K>>[] = []
  for (const envelope of envelopes) {
    const signed = await open(envelope, { kinds: [kind] })
    if (isRefusal(signed)) return signed
    opened.push(signed)
  }
  return opened
}

function isCertificate(value: unknown): value is Certificate {
  return isMap(value) && FIELDS(value, '') === null
}
