/** Certify: Q equal outcomes for one value are the round's certificate; f + 1 show what was decided. */
import { outcomeHash } from '../../protocols/wire/certificate.ts'
import { compareText, equalBytes, hashHex, hashValue, isZeroHash, smallHash } from '../../protocols/wire/hash.ts'
import { merkleRoot } from '../../protocols/wire/merkle.ts'
import type { Certificate, Commit, Hash, Outcome, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { countSeats } from '../election/group.ts'
import { disarm } from './emit.ts'
import { accuse, type Verdict } from './evidence.ts'
import { advanceAll, beginExecution, executesDecided, missingCommits, takenHashes } from './execution.ts'
import { type CountedOutcome, type KnownValue, knownValue, type RoundState } from './state.ts'

export function takeOutcome(state: RoundState, signed: Signed<Outcome>): Verdict {
  const key = hashHex(outcomeHash(signed.payload))
  const first = state.outcomes.get(signed.signer)
  if (first !== undefined) return first.key === key ? 'repeat' : accuse(state, first.signed, signed)
  const outcome = { signed, key }
  state.outcomes.set(signed.signer, outcome)
  const equal = state.equalOutcomes.get(key)
  if (equal === undefined) state.equalOutcomes.set(key, [outcome])
  else insert(equal, outcome)
  return 'new'
}

/** Where its signer belongs. Most come with few behind them, and sorting all after each was more work. */
function insert(sorted: CountedOutcome[], outcome: CountedOutcome): void {
  let at = sorted.length
  while (at > 0 && compareText(sorted[at - 1]!.signed.signer, outcome.signed.signer) > 0) at--
  sorted.splice(at, 0, outcome)
}

/** The outcomes that most seats signed, sorted by signer; of as many the first. */
export function leadingOutcomes({ equalOutcomes }: RoundState): readonly CountedOutcome[] {
  let leading: readonly CountedOutcome[] = []
  for (const equal of equalOutcomes.values()) if (equal.length > leading.length) leading = equal
  return leading
}

/** f + 1 seats executed a value: one honest one saw it decided. And what if they differ from the own result? */
export function weighOutcomes(state: RoundState): boolean {
  const { context, execution } = state
  if (state.outcomes.size <= context.group.faults) return false
  const leading = leadingOutcomes(state)
  const sample = leading[0]
  if (sample === undefined || leading.length <= context.group.faults) return false
  const { value } = sample.signed.payload
  if (state.decided === null) {
    state.decided = { value, proof: [] }
    return true
  }
  if (!equalBytes(state.decided.value, value)) return halt(state, 'conflict')
  if (state.diverged || execution === null || execution.outcome === null || !executesDecided(state)) return false
  if (execution.key === sample.key) return false
  state.diverged = true
  const from = leading.map(({ signed }) => signed.signer)
  state.effects.push({ type: 'diverged', outcome: sample.signed.payload, from })
  return true
}

/** Q equal outcomes, the value and its COMMITs make the certificate. */
export function certify(state: RoundState): boolean {
  const { context, certificate } = state
  if (certificate !== null || state.outcomes.size <= context.group.faults) return false
  const leading = leadingOutcomes(state)
  const { quorum, seats } = context.group
  const sample = leading[0]
  if (sample === undefined) return false
  if (leading.length < quorum) {
    const outstanding = seats.length - state.outcomes.size
    return leading.length + outstanding < quorum && halt(state, 'nondeterminism')
  }
  const known = knownValue(state, sample.signed.payload.value)
  if (known === null || missingCommits(known).length > 0) return false
  const outcomes = leading.slice(0, quorum).map(({ signed }) => signed)
  conclude(
    state,
    { value: known.value, outcomes: outcomes.map(({ envelope }) => envelope), commits: commitEnvelopes(known) },
    sample.signed.payload,
    outcomes.map(({ signer }) => signer),
  )
  return true
}

/** Sorted by author, as the value seals them. */
function commitEnvelopes({ value, commits }: KnownValue): Uint8Array[] {
  return value.commits === 'skip' ? [] : value.commits.flatMap(({ author }) => commits.get(author)?.envelope ?? [])
}

/**
 * A certificate from elsewhere, opened and verified by the driver (`verifyCertificate`). Its value is executed as if it had
 * been decided here; with the partitions' hashes, which its root proves, only the aggregates' bytes have to be fetched.
 */
export function adoptCertificate(
  state: RoundState,
  certificate: Certificate,
  outcomes: readonly Signed<Outcome>[],
  commits: readonly Signed<Commit>[],
  hashes: readonly Hash[] | undefined,
): void {
  const sample = outcomes[0]
  if (sample === undefined) return
  if (state.certificate !== null) {
    // The first one may have come by gossip, without them.
    if (hashes !== undefined && certifiedHashes(state) === null) {
      takeHashes(state, state.certificate.outcome, hashes)
      advanceAll(state)
    }
    return
  }
  const outcome = sample.payload
  const signers = outcomes.map(({ signer }) => signer)
  const id = hashValue(certificate.value)
  const equal = outcomes.every(({ payload }) => equalBytes(outcomeHash(payload), outcomeHash(outcome)))
  if (
    !equal ||
    !equalBytes(outcome.value, id) ||
    countSeats(state.context.group, signers) < state.context.group.quorum
  ) {
    state.effects.push({ type: 'refused', reason: 'out-of-bounds', signer: sample.signer, detail: 'no certificate' })
    return
  }
  if (state.decided !== null && !equalBytes(state.decided.value, id)) {
    halt(state, 'conflict')
    return
  }
  state.decided ??= { value: id, proof: [] }
  const known = knownValue(state, id) ?? { id, value: certificate.value, commits: new Map() }
  for (const commit of commits) known.commits.set(commit.signer, commit)
  beginExecution(state, known)
  takeHashes(state, outcome, hashes ?? [])
  conclude(state, certificate, outcome, signers)
}

function takeHashes(state: RoundState, outcome: Outcome, hashes: readonly Hash[]): void {
  const { execution, context } = state
  if (execution === null || hashes.length !== context.partitions) return
  if (!equalBytes(merkleRoot(hashes, smallHash), outcome.aggregateRoot)) return
  execution.parts.forEach((part, partition) => {
    part.taken = hashes[partition] ?? null
    part.local = part.own !== null && part.taken !== null && equalBytes(part.own, part.taken)
  })
}

function conclude(state: RoundState, certificate: Certificate, outcome: Outcome, signers: readonly PeerName[]): void {
  state.certificate = { certificate, outcome, signers }
  state.effects.push({ type: 'certificate', certificate, outcome, hashes: certifiedHashes(state) })
}

/** The partitions' aggregate hashes, where all are known and the round made a step. */
export function certifiedHashes({ execution, certificate, context }: RoundState): readonly Hash[] | null {
  if (execution === null || certificate === null || isZeroHash(certificate.outcome.aggregateRoot)) return null
  const hashes = takenHashes(execution.parts)
  if (hashes.length !== context.partitions) return null
  return equalBytes(merkleRoot(hashes, smallHash), certificate.outcome.aggregateRoot) ? hashes : null
}

/** Everything is decided, executed and certified: what becomes of the shadow copy. */
export function finish(state: RoundState): boolean {
  const { certificate, execution, done } = state
  if (done || certificate === null || execution === null || execution.outcome === null || !executesDecided(state))
    return false
  state.done = true
  disarm(state, 'reduce')
  disarm(state, 'resend')
  const isEqual = equalBytes(outcomeHash(execution.outcome), outcomeHash(certificate.outcome))
  const isStep = !isZeroHash(certificate.outcome.aggregateRoot)
  state.effects.push({
    type: 'done',
    next: isEqual ? (isStep ? 'promote' : 'keep') : 'adopt',
    state: certificate.outcome.state,
  })
  return true
}

function halt(state: RoundState, reason: 'nondeterminism' | 'conflict'): boolean {
  if (state.halted) return false
  state.halted = true
  state.effects.push({ type: 'halt', reason })
  return true
}
