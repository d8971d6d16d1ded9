/** What the node decides for its protocols: who may say what, and where it goes. Each answers at once. */

import type { ActivationsPolicy } from '../../protocols/activations/index.ts'
import type { AgreementPolicy } from '../../protocols/agreement/index.ts'
import type { ReducePolicy } from '../../protocols/reduce/index.ts'
import type { StateSource } from '../../protocols/state/index.ts'
import { codecOf } from '../../protocols/wire/encodings.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { PeerName, Scope } from '../../protocols/wire/messages.ts'
import { type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { StageShape } from '../engine/runtime/types.ts'
import type { RoundStore } from '../journal/index.ts'
import type { Run } from '../run/folder.ts'
import type { Around } from './around.ts'
import type { Candidates } from './candidates.ts'
import type { Epoch } from './epoch.ts'
import type { Membership } from './membership.ts'
import type { SeenCommits } from './seen-commits.ts'
import type { SeenSignatures } from './seen-signatures.ts'
import type { StageState } from './stage-state.ts'

export interface PolicyInit {
  readonly run: Run
  readonly stage: number
  readonly membership: Membership
  readonly around: Around
  readonly shape: StageShape
  readonly commits: SeenCommits
  readonly signatures: SeenSignatures
  readonly candidates: Candidates
  readonly store: RoundStore
  /** The round in progress. */
  readonly round: () => number
  readonly self: PeerName
}

/** Rounds before and after the current one whose messages are looked at. */
const ROUNDS_BEHIND = 2
const ROUNDS_AHEAD = 1

/** Is this scope of our run? */
function runFault({ run }: PolicyInit, scope: Scope): Refusal | null {
  if (!equalBytes(scope.genesis, run.manifest.chain.genesis)) return refuse('wrong-genesis')
  return scope.run === run.id ? null : refuse('wrong-run')
}

/** Is this scope of our run and stage? */
function scopeFault(init: PolicyInit, scope: Scope): Refusal | null {
  return runFault(init, scope) ?? (scope.stage === init.stage ? null : refuse('wrong-stage', `${scope.stage}`))
}

function siblingFault({ around, stage }: PolicyInit, from: PeerName): Refusal | null {
  return around.isSeated(from, stage) ? null : refuse('no-seat', from)
}

/** Who was dealt to the stage follows it, and shows by its OUTCOMEs that it has the state; nothing else of it is heard. */
function candidateFault({ around, stage }: PolicyInit, from: PeerName): Refusal | null {
  return around.hasSeat(from, stage) ? null : refuse('no-seat', from)
}

export function agreementPolicy(init: PolicyInit): AgreementPolicy {
  return {
    admitPeer: from => candidateFault(init, from),
    admit({ signer, payload }, _, as) {
      if (payload.kind === 'record' || payload.kind === 'settled' || payload.kind === 'boundary')
        return refuse('not-allowed', `${payload.kind} does not belong here`)
      // What proves a change of members may be of past rounds, of peers without a seat, or of another stage.
      if (as === 'attachment') return runFault(init, payload.scope)
      const fault = scopeFault(init, payload.scope)
      if (fault !== null) return fault
      return payload.kind === 'outcome' ? candidateFault(init, signer) : siblingFault(init, signer)
    },
    certificates: async range => (await init.store.certificates(range)).map(({ certificate }) => certificate),
    commits: query => init.commits.envelopes(query),
    signatures: of => init.signatures.envelopes(of),
  }
}

export function reducePolicy(init: PolicyInit): ReducePolicy {
  const { commits, candidates, self, shape, run } = init
  const codec = codecOf(run.manifest.encoding.gradient)
  return {
    admitPeer: from => siblingFault(init, from),
    admit(scope, from) {
      const round = init.round()
      if (scope.round < round - ROUNDS_BEHIND) return refuse('stale-round')
      if (scope.round > round + ROUNDS_AHEAD) return refuse('future-round')
      return scopeFault(init, scope) ?? siblingFault(init, from)
    },
    isCandidate: (scope, partition) => candidates.of(scope, partition).includes(self),
    commitOf: (scope, author) => commits.commitOf(scope, author),
    admitAggregate({ scope, value, partition }, from) {
      if (!candidates.of(scope, partition).includes(from)) return refuse('not-allowed', 'no candidate of the partition')
      return commits.hasValue(scope.round, value) ? null : refuse('unknown-item', 'a value that was not proposed here')
    },
    // At most 256 Ki values: 0.2 ms here, against a turn through the engine's queue.
    checkPartition(partition, bytes) {
      const first = partition * shape.partitionValues
      const values = Math.min(shape.partitionValues, shape.parameters - first)
      return Promise.resolve(values > 0 && codec.check(bytes, values, run.manifest.aggregation.bound) === null)
    },
  }
}

/**
 * A stage that waited for another one is in the epoch in which it began to wait, however many went by: any epoch that is known here
 * will do. The work machine takes only what comes from seats of the own epoch.
 */
export function activationsPolicy(
  init: Pick<PolicyInit, 'round' | 'stage'> & {
    readonly around: Pick<Around, 'isSeated'>
    readonly membership: { known(epoch: number): Pick<Epoch, 'groups'> | null }
  },
): ActivationsPolicy {
  const { around, stage } = init
  return {
    admitPeer: from =>
      around.isSeated(from, stage - 1) || around.isSeated(from, stage + 1) ? null : refuse('no-seat', from),
    round: () => init.round(),
    seats(epoch, of) {
      const group = init.membership.known(epoch)?.groups[of]
      return group === undefined
        ? null
        : { hash: group.hash, has: peer => group.seats.some(seat => seat.peer === peer) }
    },
  }
}

/** What late siblings are given: what is on this peer's disk. */
export function stateSource(
  { store, stage }: Pick<PolicyInit, 'store' | 'stage'>,
  stageState: Pick<StageState, 'tip'>,
  kept: StateSource['kept'] = () => null,
): StateSource {
  return {
    status() {
      const { tip } = stageState
      const snapshot = store.snapshots.find(head => head.fullRoot !== null)
      // Only what can be served counts.
      const round = store.newest(stage) === null ? -1 : Math.min(tip.round, store.newest(stage) ?? -1)
      return { stage, round, link: tip.link, state: tip.state, snapshotRound: snapshot?.round ?? null }
    },
    oldest: of => store.oldest(of),
    certificates: async range => (await store.certificates(range)).map(({ certificate }) => certificate),
    aggregates: round => store.aggregates(round),
    aggregate: (round, partition) => store.aggregate(round, partition),
    snapshot(round) {
      const head = store.snapshots.find(one => one.round === round && one.fullRoot !== null)
      return head === undefined ? null : { round, bytes: head.bytes, leaves: head.leaves }
    },
    snapshotPiece: (round, offset, bytes) => store.snapshotPiece(round, offset, bytes),
    kept,
  }
}
