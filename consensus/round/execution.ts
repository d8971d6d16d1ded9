/**
 * Execute: every partition of the value is combined by its candidates, f + 1 equal signed hashes (or the own recomputation)
 * settle it, then the optimiser runs on a shadow copy and the outcome is signed.
 */
import { outcomeHash } from '../../protocols/wire/certificate.ts'
import { concatBytes, equalBytes, hashHex, isZeroHash, smallHash, ZERO_HASH } from '../../protocols/wire/hash.ts'
import { merkleRoot } from '../../protocols/wire/merkle.ts'
import type { Aggregate, Hash, Outcome, PeerName, SealedCommit, Signed } from '../../protocols/wire/messages.ts'
import { refuse } from '../../protocols/wire/refusals.ts'
import { bitmapBytes, holdersOf, setBit } from './availability.ts'
import { AGGREGATED_VALUES_KEPT } from './constants.ts'
import { arm, measure, patienceMs, sign } from './emit.ts'
import { accuse, type Verdict } from './evidence.ts'
import {
  awake,
  type Execution,
  firstAwake,
  type KnownValue,
  knownValue,
  type PartitionProgress,
  type RoundState,
} from './state.ts'
import type { AggregateInput } from './types.ts'

/** From the PREVOTE on; a value that is not decided after all is dropped. `advanceAll` sets it going. */
export function beginExecution(state: RoundState, known: KnownValue): void {
  if (state.execution !== null && equalBytes(state.execution.known.id, known.id)) return
  const parts = state.candidates.map(() => ({ asked: false, own: null, taken: null, local: false, gathering: false }))
  state.execution = { known, parts, asked: false, outcome: null, key: '' }
}

/** Is the value under execution the decided one? */
export function executesDecided(state: RoundState): boolean {
  const { execution, decided } = state
  return execution !== null && decided !== null && equalBytes(execution.known.id, decided.value)
}

/** The sealed commitments whose COMMIT is not here. */
export function missingCommits({ value, commits }: KnownValue): SealedCommit[] {
  return value.commits === 'skip' ? [] : value.commits.filter(({ author }) => !commits.has(author))
}

/** Looks at every partition again: at the start, after the decision, after a time-out, when a COMMIT has come. */
export function advanceAll(state: RoundState): void {
  const { execution } = state
  if (execution === null || execution.known.value.commits === 'skip') return
  for (const partition of execution.parts.keys()) advance(state, execution, partition)
}

/** The decision is known, by votes, by outcomes or by a certificate: once its value is known too, execute it. */
export function executeDecided(state: RoundState): boolean {
  const known = state.decided === null || state.executing ? null : knownValue(state, state.decided.value)
  if (known === null) return false
  state.executing = true
  state.sinceMs.execute = state.nowMs
  state.reduceLevel = 0
  beginExecution(state, known)
  if (state.execution !== null) fetchCommits(state, state.execution)
  advanceAll(state)
  clockReduce(state)
  return true
}

/** Time ran out: the next candidates take over, and what was fetched in vain is asked for again. */
export function reduceTimeout(state: RoundState): void {
  const { execution } = state
  state.reduceLevel++
  if (execution !== null) {
    for (const part of execution.parts) part.gathering = false
    fetchCommits(state, execution)
  }
  advanceAll(state)
  clockReduce(state)
}

function clockReduce(state: RoundState): void {
  arm(state, 'reduce', patienceMs(state, state.waits.executeMs, state.reduceLevel))
}

function fetchCommits(state: RoundState, { known }: Execution): void {
  const missing = missingCommits(known)
  if (missing.length === 0 || !executesDecided(state)) return
  const from = state.context.group.seats.map(seat => seat.peer).filter(peer => peer !== state.context.self)
  state.effects.push({ type: 'fetch-commits', missing, from })
}

export function takeAggregate(state: RoundState, signed: Signed<Aggregate>): Verdict {
  const { signer, payload } = signed
  const { value, partition, hash } = payload
  if (state.candidates[partition]?.includes(signer) !== true)
    return refuse('not-allowed', `no candidate of partition ${partition}`)
  const key = hashHex(value)
  const byValue = state.aggregates.get(signer) ?? new Map<string, Map<number, Signed<Aggregate>>>()
  const byPartition = byValue.get(key) ?? new Map<number, Signed<Aggregate>>()
  const first = byPartition.get(partition)
  if (first !== undefined) return equalBytes(first.payload.hash, hash) ? 'repeat' : accuse(state, first, signed)
  state.aggregates.set(signer, byValue.set(key, byPartition.set(partition, signed)))
  const current = state.execution === null ? key : hashHex(state.execution.known.id)
  if (byValue.size > AGGREGATED_VALUES_KEPT) {
    for (const other of [...byValue.keys()].filter(other => other !== current).slice(0, 1)) byValue.delete(other)
  }
  if (state.execution !== null && key === current) advance(state, state.execution, partition)
  return 'new'
}

/** The answer to `aggregate`. */
export function aggregated(state: RoundState, value: Hash, partition: number, hash: Hash | null): void {
  const { execution, context, candidates } = state
  const part = execution?.parts[partition]
  if (execution === null || part === undefined || part.own !== null || !equalBytes(execution.known.id, value)) return
  part.own = hash ?? ZERO_HASH
  if (
    context.self !== null &&
    candidates[partition]?.includes(context.self) &&
    ownAggregate(state, value, partition) === undefined
  ) {
    sign(state, { kind: 'aggregate', scope: context.scope, value, partition, hash: part.own })
  }
  advance(state, execution, partition)
}

/** The answer to `gather`. */
export function gathered(state: RoundState, value: Hash, partition: number, hash: Hash): void {
  const { execution } = state
  const part = execution?.parts[partition]
  if (execution === null || part === undefined || !equalBytes(execution.known.id, value)) return
  if (part.taken !== null && equalBytes(part.taken, hash)) part.local = true
}

/** The own AGG for a partition, as signed now or before a restart. */
export function ownAggregate({ aggregates, context }: RoundState, value: Hash, partition: number): Signed | undefined {
  return context.self === null ? undefined : aggregates.get(context.self)?.get(hashHex(value))?.get(partition)
}

function advance(state: RoundState, execution: Execution, partition: number): void {
  const part = execution.parts[partition]
  const candidates = state.candidates[partition] ?? []
  if (part === undefined || part.local || execution.known.value.commits === 'skip') return
  const agreed = mostSigned(state, execution.known.id, partition)
  if (part.taken === null && agreed.peers.length > state.context.group.faults) part.taken = agreed.hash
  if (part.taken === null && mustRecompute(state)) part.taken = part.own
  if (part.taken !== null) {
    part.local = isZeroHash(part.taken) || (part.own !== null && equalBytes(part.own, part.taken))
  }
  if (part.local) return
  if (!part.asked && mayCompute(state, part, candidates)) askAggregate(state, execution, partition)
  if (part.taken !== null && !part.gathering && executesDecided(state)) {
    const signers = agreed.hash !== null && equalBytes(agreed.hash, part.taken) ? agreed.peers : []
    const holders = [...signers, ...executors(state, execution.known.id, partition), ...candidates]
    const from = [...new Set(holders)].filter(peer => peer !== state.context.self)
    part.gathering = true
    state.effects.push({ type: 'gather', value: execution.known.id, partition, hash: part.taken, from })
  }
}

/**
 * Who signed what came of a value holds all its aggregates: perhaps the only one, where the candidates were restarted. A replica
 * that was away hears of them by the certificate alone. The partition's candidates come first, the others in an order of its own:
 * one peer, perhaps a silent one, would else be asked for every partition first.
 */
function executors({ outcomes, certificate, candidates }: RoundState, value: Hash, partition: number): PeerName[] {
  const heard = [...outcomes.values()].flatMap(({ signed: { signer, payload } }) =>
    equalBytes(payload.value, value) && !isZeroHash(payload.aggregateRoot) ? [signer] : [],
  )
  const isStep = certificate !== null && !isZeroHash(certificate.outcome.aggregateRoot)
  const all = new Set(isStep ? [...heard, ...certificate.signers] : heard)
  const ranked = (candidates[partition] ?? []).filter(peer => all.has(peer))
  const others = [...all].filter(peer => !ranked.includes(peer))
  const first = partition % Math.max(1, others.length)
  return [...ranked, ...others.slice(first), ...others.slice(0, first)]
}

/** The first f + 1 candidates that this round has heard compute at once, one more after each time-out, in the end everybody for itself. */
function mayCompute(state: RoundState, part: PartitionProgress, candidates: readonly PeerName[]): boolean {
  const { context, reduceLevel } = state
  const rank = context.self === null ? -1 : awake(state, candidates).indexOf(context.self)
  if (mustRecompute(state)) return true
  return part.taken === null && rank >= 0 && rank <= context.group.faults + reduceLevel
}

/** All candidates have had their time; with a certificate they have gone on, and one time-out is enough. */
function mustRecompute({ reduceLevel, context, certificate }: RoundState): boolean {
  return reduceLevel > (certificate === null ? context.group.faults : 0)
}

/** The hash with most signatures of candidates. */
function mostSigned(
  state: RoundState,
  value: Hash,
  partition: number,
): { hash: Hash | null; peers: readonly PeerName[] } {
  const key = hashHex(value)
  const groups: { hash: Hash; peers: PeerName[] }[] = []
  for (const peer of state.candidates[partition] ?? []) {
    const hash = state.aggregates.get(peer)?.get(key)?.get(partition)?.payload.hash
    if (hash === undefined) continue
    const group = groups.find(other => equalBytes(other.hash, hash))
    if (group === undefined) groups.push({ hash, peers: [peer] })
    else group.peers.push(peer)
  }
  return groups.sort((a, b) => b.peers.length - a.peers.length)[0] ?? { hash: null, peers: [] }
}

function askAggregate(state: RoundState, execution: Execution, partition: number): void {
  const { value, id, commits } = execution.known
  const part = execution.parts[partition]
  if (value.commits === 'skip' || part === undefined || missingCommits(execution.known).length > 0) return
  const candidates = state.candidates[partition] ?? []
  const inputs = value.commits.flatMap((sealed): AggregateInput[] => {
    const leaf = commits.get(sealed.author)?.payload.leaves[partition]
    const holders = new Set([...holdersOf(candidates, state.holdings, sealed, partition), sealed.author, ...candidates])
    return leaf === undefined
      ? []
      : [{ ...sealed, leaf, holders: [...holders].filter(peer => peer !== state.context.self) }]
  })
  part.asked = true
  state.effects.push({ type: 'aggregate', value: id, partition, inputs, active: firstAwake(state, candidates) })
}

/** Once the decided value's partitions are all here (or the rule refused one), the optimiser may run. */
export function execute(state: RoundState): boolean {
  const { execution, context } = state
  if (execution === null || execution.asked || !executesDecided(state)) return false
  const hashes = execution.known.value.commits === 'skip' ? null : aggregateHashes(state, execution)
  if (hashes === 'incomplete') return false
  execution.asked = true
  if (hashes !== null) measure(state, 'execute', state.reduceLevel > 0)
  const value = execution.known.id
  state.effects.push({ type: 'execute', value, hashes, wantFullRoot: context.wantFullRoot })
  return true
}

/** All partitions' hashes; null where the result is a SKIP after all: a partition was refused, or a quorum says so. */
function aggregateHashes({ certificate }: RoundState, { parts }: Execution): readonly Hash[] | null | 'incomplete' {
  if (certificate !== null && isZeroHash(certificate.outcome.aggregateRoot)) return null
  if (parts.some(({ taken }) => taken !== null && isZeroHash(taken))) return null
  return parts.every(({ local }) => local) ? takenHashes(parts) : 'incomplete'
}

export function takenHashes(parts: readonly PartitionProgress[]): Hash[] {
  return parts.flatMap(({ taken }) => taken ?? [])
}

/** The answer to `execute`: the outcome is signed, once. */
export function executed(state: RoundState, value: Hash, accepted: boolean, fullRoot: Hash | null): void {
  const { execution, context } = state
  if (execution === null || !execution.asked || execution.outcome !== null || !equalBytes(execution.known.id, value))
    return
  const hashes = takenHashes(execution.parts)
  const isStep =
    accepted &&
    hashes.length === context.partitions &&
    !hashes.some(isZeroHash) &&
    execution.known.value.commits !== 'skip'
  const aggregateRoot = isStep ? merkleRoot(hashes, smallHash) : ZERO_HASH
  const outcome: Outcome = {
    kind: 'outcome',
    scope: context.scope,
    value,
    aggregateRoot,
    state: isStep ? nextState(context.parentState, aggregateRoot, context.manifestHash) : context.parentState,
    fullRoot: context.wantFullRoot ? fullRoot : null,
    heard: heardBitmap(state),
  }
  execution.outcome = outcome
  execution.key = hashHex(outcomeHash(outcome))
  if (state.signedOutcome) return
  state.signedOutcome = true
  sign(state, outcome)
}

/** state_r = SHA-256(state_{r-1} || aggregate root || manifest hash). A round without a step keeps state_{r-1}. */
export function nextState(parentState: Hash, aggregateRoot: Hash, manifestHash: Hash): Hash {
  return smallHash(concatBytes([parentState, aggregateRoot, manifestHash]))
}

function heardBitmap({ context, heard }: RoundState): Uint8Array {
  const bitmap = new Uint8Array(bitmapBytes(context.group.seats.length))
  context.group.seats.forEach(({ peer }, seat) => {
    if (heard.has(peer)) setBit(bitmap, seat)
  })
  return bitmap
}
