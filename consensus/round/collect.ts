/** Before the vote: who committed what, what this peer holds of it, and to whom the own partitions go. */
import { checkCommitRoot } from '../../protocols/wire/certificate.ts'
import { compareText, equalBytes } from '../../protocols/wire/hash.ts'
import type { Commit, Hash, Have, Idle, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { refuse } from '../../protocols/wire/refusals.ts'
import { seatIndex } from '../election/group.ts'
import { bitmapBytes, hasBit, haveFault, heldBy, heldCount, holdersOf, isAvailable, setBit } from './availability.ts'
import { HAVE_BATCH_MS } from './constants.ts'
import { arm, armOnce, disarm, measure, sign } from './emit.ts'
import { accuse, type Verdict } from './evidence.ts'
import { advanceAll, missingCommits } from './execution.ts'
import { awake, firstAwake, type RoundState } from './state.ts'
import type { RoundContext } from './types.ts'

/** What is wrong with a COMMIT, or null. */
export function commitFault(context: RoundContext, commit: Commit): string | null {
  const { partitions, countMin, countMax } = context
  if (commit.leaves.length !== partitions) return `${commit.leaves.length} partitions where ${partitions} are due`
  if (commit.count < countMin || commit.count > countMax)
    return `a count of ${commit.count} outside [${countMin}, ${countMax}]`
  return checkCommitRoot(commit) === null ? null : 'the root is not the Merkle root of the leaves'
}

/** Has a COMMIT no fault? What was taken before is not hashed again. */
export function isSound(state: RoundState, signed: Signed<Commit>): boolean {
  const known = state.commits.get(signed.signer)
  if (known !== undefined && equalBytes(known.envelope, signed.envelope)) return true
  return commitFault(state.context, signed.payload) === null
}

/** The first COMMIT of a seat counts; a second one is evidence, but may still be the one that a value seals. */
export function takeCommit(state: RoundState, signed: Signed<Commit>): Verdict {
  const known = state.commits.get(signed.signer)
  if (known !== undefined && equalBytes(known.envelope, signed.envelope)) return 'repeat'
  const fault = commitFault(state.context, signed.payload)
  if (fault !== null) return refuse('out-of-bounds', fault)
  offerCommit(state, signed)
  if (known !== undefined) return accuse(state, known, signed)
  state.commits.set(signed.signer, signed)
  state.startedAtMs ??= state.nowMs
  state.available = null
  return 'new'
}

/** Completes the values that seal this commitment. */
export function offerCommit(state: RoundState, signed: Signed<Commit>): void {
  const places = [
    state.execution?.known,
    state.valid?.known,
    ...[...state.proposals.values()].map(({ known }) => known),
  ]
  for (const known of places) {
    if (known === undefined || known.value.commits === 'skip') continue
    if (
      known.value.commits.some(({ author, root }) => author === signed.signer && equalBytes(root, signed.payload.root))
    ) {
      known.commits.set(signed.signer, signed)
      if (known === state.execution?.known && missingCommits(known).length === 0) advanceAll(state)
    }
  }
}

export function takeIdle(state: RoundState, signed: Signed<Idle>): Verdict {
  if (state.idles.has(signed.signer)) return 'repeat'
  state.idles.set(signed.signer, signed)
  return 'new'
}

/** HAVEs are cumulative: of each seat the fullest is kept, in whatever order they come. */
export function takeHave(state: RoundState, signed: Signed<Have>): Verdict {
  const known = state.haves.get(signed.signer)
  if (known !== undefined && equalBytes(known.envelope, signed.envelope)) return 'repeat'
  const fault = haveFault(state.context, signed.payload)
  if (fault !== null) return refuse('out-of-bounds', fault)
  if (known !== undefined && heldCount(signed.payload) <= heldCount(known.payload)) return 'repeat'
  state.haves.set(signed.signer, signed)
  state.holdings.set(signed.signer, heldBy(signed.payload))
  state.available = null
  measureScatter(state, signed.signer)
  return 'new'
}

/** The commitments that could be sealed now, sorted by author. */
export function availableCommits(state: RoundState): readonly Signed<Commit>[] {
  if (state.available !== null) return state.available
  const available = [...state.commits.values()].filter(({ signer, payload }) =>
    isAvailable(state.candidates, state.context.group.faults, state.holdings, { author: signer, root: payload.root }),
  )
  state.available = available.sort((a, b) => compareText(a.signer, b.signer))
  return state.available
}

/** Fewest commitments of a value: n - f, and what the rule needs to stand f' liars. */
export function minimumCommits({ group, rule, faultsTrim }: RoundContext): number {
  return Math.max(1, group.quorum, rule.minimumInputs(faultsTrim))
}

/** Notes when enough commitments were available; the leader's grace is counted from then. */
export function noteEnough(state: RoundState): boolean {
  const { context, commits, haves } = state
  if (state.enoughAtMs !== null) return false
  const needed = minimumCommits(context)
  // Before the look at every partition: no commitment is available to f HAVEs.
  if (commits.size < needed || haves.size <= context.group.faults) return false
  if (availableCommits(state).length < needed) return false
  state.enoughAtMs = state.nowMs
  return true
}

export function commitOwn(state: RoundState, commit: Commit): void {
  if (state.signedWork || state.context.self === null) return
  state.signedWork = true
  sign(state, commit)
  beginScatter(state, state.context.self, commit.root)
}

export function idleOwn(state: RoundState): void {
  if (state.signedWork || state.context.self === null) return
  state.signedWork = true
  sign(state, { kind: 'idle', scope: state.context.scope })
}

/** Sends the own partitions to their first f + 1 candidates; what this peer is itself a candidate for, it holds. */
export function beginScatter(state: RoundState, self: PeerName, root: Hash): void {
  state.ownRoot = root
  state.sinceMs.scatter = state.nowMs
  state.candidates.forEach((_, partition) => {
    store(state, self, root, partition)
  })
  scatter(state)
}

/** To every candidate whose turn it is and that has not acknowledged, until f + 1 have. */
export function scatter(state: RoundState): void {
  const { context, holdings, ownRoot, decided } = state
  if (ownRoot === null || context.self === null || decided !== null) return
  const commit = { author: context.self, root: ownRoot }
  let missing = false
  for (const [partition, candidates] of state.candidates.entries()) {
    const holders = new Set(holdersOf(candidates, holdings, commit, partition)).add(context.self)
    if (candidates.filter(peer => holders.has(peer)).length > context.group.faults) continue
    const to = whoseTurn(state, candidates).filter(peer => !holders.has(peer))
    missing = true
    if (to.length > 0) state.effects.push({ type: 'scatter', root: ownRoot, partition, to })
  }
  state.scatterLevel = Math.min(state.scatterLevel + 1, context.group.faults + 1)
  if (missing) arm(state, 'scatter', state.waits.scatterMs)
  else disarm(state, 'scatter')
}

/** The first f + 1 that are awake; after a time-out also the first f + 1 of all, then one more each time, in the end all. */
function whoseTurn(state: RoundState, candidates: readonly PeerName[]): readonly PeerName[] {
  const { context, scatterLevel } = state
  const { faults } = context.group
  if (scatterLevel > faults) return candidates
  const first = firstAwake(state, candidates)
  if (scatterLevel === 0) return first
  return [
    ...new Set([
      ...first,
      ...candidates.slice(0, faults + 1),
      ...awake(state, candidates).slice(0, faults + scatterLevel),
    ]),
  ]
}

/** How long half of the candidates that were sent partitions at once took to acknowledge them: some may be gone. */
function measureScatter(state: RoundState, peer: PeerName): void {
  const { context, candidates, holdings, measured, ownRoot, sinceMs } = state
  if (ownRoot === null || sinceMs.scatter === null || peer === context.self || measured.has(peer)) return
  const isFirst = (one: PeerName, ranked: readonly PeerName[]) =>
    one !== context.self && ranked.indexOf(one) >= 0 && ranked.indexOf(one) <= context.group.faults
  const due = candidates.flatMap((ranked, partition) => (isFirst(peer, ranked) ? [partition] : []))
  const held = holdings.get(peer)?.get(context.self ?? '')
  if (due.length === 0 || held === undefined || !equalBytes(held.root, ownRoot)) return
  if (!due.every(partition => hasBit(held.bitmap, partition))) return
  measured.add(peer)
  const asked = context.group.seats.filter(one => candidates.some(ranked => isFirst(one.peer, ranked)))
  if (2 * measured.size >= asked.length) measure(state, 'scatter', false)
}

/** A partition for which this peer is a candidate is here and checked. One root an author is ever acknowledged. */
export function store(state: RoundState, author: PeerName, root: Hash, partition: number): void {
  const { context, candidates, stored } = state
  if (context.self === null || candidates[partition]?.includes(context.self) !== true) return
  if (seatIndex(context.group, author) < 0) return
  const held = stored.get(author) ?? { root, bitmap: new Uint8Array(bitmapBytes(context.partitions)) }
  if (!equalBytes(held.root, root) || hasBit(held.bitmap, partition)) return
  stored.set(author, held)
  setBit(held.bitmap, partition)
  armOnce(state, 'have', HAVE_BATCH_MS)
}

/** Signs what is held by now. */
export function signHave(state: RoundState): void {
  const held = [...state.stored]
    .map(([author, { root, bitmap }]) => ({ author, root, bitmap: bitmap.slice() }))
    .sort((a, b) => compareText(a.author, b.author))
  sign(state, { kind: 'have', scope: state.context.scope, held })
}
