/**
 * valid(v) reads the value, what travels beside it, the parent and the chain, and nothing else: no vote depends on which
 * data happen to be local, nor on how long a computation takes.
 */
import { equalBytes, hashValue } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName, Precommit, Prevote, Proposal, Signed, Value } from '../../protocols/wire/messages.ts'
import { countSeats, seatIndex } from '../election/group.ts'
import { changeFault, changesFault } from '../membership/validity.ts'
import { holdingsOf, isAvailable } from './availability.ts'
import { isSound, minimumCommits } from './collect.ts'
import { isKind } from './emit.ts'
import { type KnownValue, knownValue, type RoundState } from './state.ts'
import type { RoundContext } from './types.ts'

/** What is wrong with a value for good, whatever is shown with it; null where nothing. */
export function valueFault(context: RoundContext, value: Value): string | null {
  const { parent, parentReference, group } = context
  if (!equalBytes(value.parent.value, parent.value) || !equalBytes(value.parent.outcome, parent.outcome)) {
    return 'it does not follow the parent'
  }
  const { height, hash } = value.reference
  if (height < parentReference.height) return "its reference block is below its parent's"
  if (height === parentReference.height && !equalBytes(hash, parentReference.hash))
    return 'its reference block is another'
  const wrong = changesFault(context, value.changes)
  if (wrong !== null) return wrong
  if (value.commits === 'skip') return null
  const least = minimumCommits(context)
  if (value.commits.length < least) return `it seals ${value.commits.length} commitments where ${least} are needed`
  const stranger = value.commits.find(({ author }) => seatIndex(group, author) < 0)
  return stranger === undefined ? null : `${stranger.author} has no seat`
}

/** Do the attachments prove that a fresh value may be proposed in this view? */
export function provesFresh(
  state: RoundState,
  proposal: Proposal,
  attachments: readonly Signed[],
  proof: readonly Signed[],
): boolean {
  const { context, candidates } = state
  const { commits, changes } = proposal.value
  if (changes.some(change => changeFault(context, change, proof) !== null)) return false
  if (commits === 'skip') {
    const idle = attachments.filter(signed => isKind(signed, 'idle')).map(signed => signed.signer)
    return proposal.view > context.group.faults || isHopeless(context, idle)
  }
  const holdings = holdingsOf(attachments.filter(signed => isKind(signed, 'have')))
  const shown = attachments.filter(signed => isKind(signed, 'commit'))
  return commits.every(
    sealed =>
      isAvailable(candidates, context.group.faults, holdings, sealed) &&
      shown.some(
        commit =>
          commit.signer === sealed.author && equalBytes(commit.payload.root, sealed.root) && isSound(state, commit),
      ),
  )
}

/** f + 1 seats have signed IDLE: one of them is honest and commits nothing, so the others' n - f commitments are the liars' to give. */
export function isHopeless({ group }: Pick<RoundContext, 'group'>, idle: Iterable<PeerName>): boolean {
  return countSeats(group, idle) > group.faults
}

/** Is the reference block the chain's? 'unknown' until this peer's chain has got there. */
export function checkReference(state: RoundState, value: Value): 'right' | 'wrong' | 'unknown' {
  const { height, hash } = value.reference
  const block = state.blocks.get(height)
  if (block !== undefined) return equalBytes(block, hash) ? 'right' : 'wrong'
  if (state.askedBlock !== height) state.effects.push({ type: 'block', height })
  state.askedBlock = height
  return 'unknown'
}

/**
 * Q votes of one view, equal in (id, validView) and not nil, sorted by signer; null where there are not as many. They are
 * counted as a set, apart from the tables of votes: there a liar that voted twice counts with its first vote only.
 */
export function voteQuorum<Vote extends Prevote | Precommit>(
  context: RoundContext,
  votes: Iterable<Signed<Vote>>,
): { readonly view: number; readonly value: Hash; readonly votes: readonly Signed<Vote>[] } | null {
  const groups: { view: number; value: Hash; validView: number; votes: Signed<Vote>[] }[] = []
  for (const vote of votes) {
    const { value, validView, view } = vote.payload
    if (value === null) continue
    const group = groups.find(g => g.view === view && g.validView === validView && equalBytes(g.value, value))
    if (group === undefined) groups.push({ view, value, validView, votes: [vote] })
    else if (group.votes.every(other => other.signer !== vote.signer)) group.votes.push(vote)
  }
  const { seats, quorum } = context.group
  for (const { view, value, votes } of groups) {
    if (votes.length < quorum) continue
    const bySeat = seats.flatMap(({ peer }) => votes.find(vote => vote.signer === peer) ?? [])
    if (bySeat.length >= quorum) return { view, value, votes: bySeat.slice(0, quorum) }
  }
  return null
}

/** The value of a proposal with its id; what is known of an equal value is shared. */
export function learnValue(state: RoundState, value: Value): KnownValue {
  const id = hashValue(value)
  const known = knownValue(state, id)
  if (known !== null) return known
  const fresh: KnownValue = { id, value, commits: new Map() }
  const sealed = value.commits === 'skip' ? [] : value.commits
  for (const { author, root } of sealed) {
    const commit = state.commits.get(author)
    if (commit !== undefined && equalBytes(commit.payload.root, root)) fresh.commits.set(author, commit)
  }
  return fresh
}
