/** Where a stage's certified history stands: what the next round builds on. Pure. */
import type { BlockReference } from '../../consensus/chain/types.ts'
import { type PastRound, remember } from '../../consensus/membership/index.ts'
import { nextState } from '../../consensus/round/index.ts'
import { linkOf, type VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { equalBytes, isZeroHash } from '../../protocols/wire/hash.ts'
import type { Change, Hash, PeerName, Value } from '../../protocols/wire/messages.ts'
import { type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import { FIRST_LINK, FIRST_ROUND, NO_PARENT } from '../run/state-chain.ts'

export interface Tip {
  /** Last certified round; 0 before the first. */
  readonly round: number
  /** id(v) and outcome hash of that round. */
  readonly parent: Value['parent']
  /** state_r. */
  readonly state: Hash
  /** Head of the hash chain of certificates. */
  readonly link: Hash
  /** Reference block of that round's value. */
  readonly reference: BlockReference
  /** Epoch of that round; 0 before the first. */
  readonly epoch: number
  /** Rounds of this epoch, newest first: those that may show an absence (consensus/membership). */
  readonly past: readonly PastRound[]
  /** Changes of members that rounds of this epoch decided. */
  readonly decided: readonly Change[]
  /** Seats whose pause a round of the epoch before decided: its record may come too late for the seats of this one. */
  readonly paused: readonly PeerName[]
}

/** @param initialState - full Merkle root of the initialised stage: state_0 */
export function firstTip(initialState: Hash, start: BlockReference): Tip {
  return {
    ...{ round: FIRST_ROUND - 1, parent: NO_PARENT, state: initialState, link: FIRST_LINK, reference: start },
    ...{ epoch: 0, past: [], decided: [], paused: [] },
  }
}

/**
 * The tip after a certificate that was verified against its group, where the link at its round is known.
 * @param before - the certificates before it, as far as they are held, in order: those of its epoch say what was decided in it
 */
export function tipAt(certificate: VerifiedCertificate, link: Hash, before: readonly VerifiedCertificate[]): Tip {
  const { value, valueId, outcome, outcomeHash } = certificate
  const { round, epoch } = value.scope
  const ofEpoch = [...before, certificate].filter(one => one.value.scope.epoch === epoch)
  return {
    round,
    parent: { value: valueId, outcome: outcomeHash },
    state: outcome.state,
    link,
    reference: value.reference,
    epoch,
    past: pastOf(ofEpoch, before.length >= ofEpoch.length || ofEpoch[0]?.value.scope.round === FIRST_ROUND),
    decided: ofEpoch.flatMap(one => one.value.changes),
    paused: pausesOf(before.filter(one => one.value.scope.epoch === epoch - 1).flatMap(one => one.value.changes)),
  }
}

/** The tip after a certificate that was verified against its group and `tip.parent`. */
export function advanceTip(tip: Tip, certificate: VerifiedCertificate, manifestHash: Hash): Tip | Refusal {
  const { value, valueId, outcome, outcomeHash } = certificate
  if (value.scope.round !== tip.round + 1) {
    return refuse(
      value.scope.round <= tip.round ? 'stale-round' : 'future-round',
      `round ${value.scope.round} after ${tip.round}`,
    )
  }
  const skipped = isZeroHash(outcome.aggregateRoot)
  const state = skipped ? tip.state : nextState(tip.state, outcome.aggregateRoot, manifestHash)
  if (!equalBytes(outcome.state, state)) return refuse('wrong-hash', 'the state does not follow from the one before')
  if (value.reference.height < tip.reference.height) return refuse('out-of-bounds', 'the reference block went back')
  const { epoch, round } = value.scope
  const before = epoch === tip.epoch ? tip : { past: [], decided: [], paused: pausesBefore(tip, epoch) }
  return {
    round,
    parent: { value: valueId, outcome: outcomeHash },
    state,
    link: linkOf(tip.link, valueId, outcomeHash),
    reference: value.reference,
    epoch,
    past: remember(before.past, pastRound(certificate)),
    decided: [...before.decided, ...value.changes],
    paused: before.paused,
  }
}

/** @param isWhole - the first of these rounds is known to be the epoch's first */
function pastOf(ofEpoch: readonly VerifiedCertificate[], isWhole: boolean): readonly PastRound[] {
  return ofEpoch.reduce<readonly PastRound[]>(
    (rounds, one, index) =>
      index === 0 ? [{ ...pastRound(one), isRising: isWhole }] : remember(rounds, pastRound(one)),
    [],
  )
}

function pastRound({ value, valueId, outcomeHash }: VerifiedCertificate): Omit<PastRound, 'isRising'> {
  return { round: value.scope.round, value: valueId, outcome: outcomeHash, height: value.reference.height }
}

/** Decided in the epoch before this one, as far as the tip tells. */
export function pausesBefore(tip: Tip, epoch: number): readonly PeerName[] {
  if (tip.epoch === epoch) return tip.paused
  return tip.epoch === epoch - 1 ? pausesOf(tip.decided) : []
}

function pausesOf(changes: readonly Change[]): PeerName[] {
  return changes.flatMap(({ peer, act }) => (act === 'pause' ? [peer] : []))
}
