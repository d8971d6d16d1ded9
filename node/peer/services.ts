/** The protocols of a peer, made from the network's components and the node's decisions. */
import { type Activations, activations } from '../../protocols/activations/index.ts'
import { type Agreement, agreement } from '../../protocols/agreement/index.ts'
import { type Evaluation, evaluation } from '../../protocols/evaluation/index.ts'
import { type Reduce, reduce } from '../../protocols/reduce/index.ts'
import { type Runs, runs } from '../../protocols/run/index.ts'
import { type State, type StateSource, servedAt, state } from '../../protocols/state/index.ts'
import { encodeManifest } from '../../protocols/wire/cid.ts'
import type { Clock, Digest, Random } from '../../protocols/wire/environment.ts'
import { hashValue } from '../../protocols/wire/hash.ts'
import type { Certificate, Hash, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal, type RefusalReason, refuse } from '../../protocols/wire/refusals.ts'
import { DEFAULT_SPEEDS, type SyncSpeeds } from '../config/sync.ts'
import type { SigningJournal } from '../journal/index.ts'
import type { Network } from '../network/index.ts'
import type { CertificateBook } from './certificate-book.ts'
import type { Evaluator } from './evaluator.ts'
import { keepHeld } from './keep-held.ts'
import { activationsPolicy, agreementPolicy, type PolicyInit, reducePolicy, stateSource } from './policies.ts'
import type { PushedAggregates } from './pushed-aggregates.ts'
import type { RoundInbox } from './round-inbox.ts'
import { isCommit } from './seen-commits.ts'
import type { StageState } from './stage-state.ts'
import type { Wishes } from './wishes.ts'

export interface ServicesInit extends PolicyInit {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly digest: Digest
  readonly inbox: RoundInbox
  readonly wishes: Wishes
  readonly book: CertificateBook
  readonly pushed: PushedAggregates
  readonly stageState: StageState
  readonly journal: SigningJournal
  readonly evaluator: Evaluator
  readonly sync?: SyncSpeeds
  /** Checkpoints of another stage that this peer keeps. */
  readonly kept: StateSource['kept']
  /** A certificate of the own stage from a sibling; checked. */
  readonly onOwnStage: (certificate: Certificate, hashes: readonly Hash[] | null) => void
  readonly onRefused: (reason: RefusalReason, peer: PeerName, detail?: string) => void
}

export interface Services {
  readonly agreement: Agreement
  readonly reduce: Reduce
  readonly activations: Activations
  readonly state: State
  readonly evaluation: Evaluation
  readonly runs: Runs
}

export function openServices(init: ServicesInit): Services {
  const { network, clock, random, digest, run, stage, self, around, inbox, pushed, shape, onRefused } = init
  const { model, batch, stages, timeouts, chain } = run.manifest
  const components = { ...network.components, clock, random, digest }
  const speeds = init.sync ?? DEFAULT_SPEEDS
  const services: Services = {
    agreement: agreement({
      policy: agreementPolicy(init),
      handlers: {
        message: (from, signed, attachments) => onMessage(init, services.reduce, from, signed, attachments),
        certificate: (_, certificate, hashes) => void onCertificate(init, certificate, hashes),
        refused: onRefused,
        disconnected: peer => onRefused('not-allowed', peer, 'disconnected for malformed messages'),
      },
    })(components),
    reduce: reduce({
      self,
      policy: reducePolicy(init),
      transferTimeoutMs: timeouts.reduceMs,
      handlers: {
        stored: name => void keepHeld(init, services.reduce, name),
        // The disk may have been full when it came first.
        repeated: name => void keepHeld(init, services.reduce, name),
        aggregate: name => pushed.arrived(name),
        refused: onRefused,
      },
    })(components),
    activations: activations({
      genesis: chain.genesis,
      run: run.id,
      self,
      stage,
      stages,
      shape: [batch.sequences, model.sequence, model.width],
      encoding: run.manifest.encoding.activation,
      policy: activationsPolicy(init),
      handlers: {
        accept: delivery => inbox.deliver(delivery),
        abandoned: (from, id) => inbox.abandoned(from, id),
        reported: (from, report) => inbox.reported(from, report),
      },
      onRefused,
    })(components),
    state: state({
      source: stateSource(init, init.stageState, init.kept),
      admit: from => (around.hasPlace(from) ? null : refuse('no-seat', from)),
      handlers: { refused: onRefused },
      bandwidth: servedAt(speeds.servedBytesPerSecond),
      takenBytesPerSecond: speeds.takenBytesPerSecond,
    })(components),
    evaluation: evaluation({
      run: run.id,
      stage,
      policy: {
        admit: from => (around.isSeated(from, stage - 1) ? null : refuse('no-seat', from)),
        activationBytes: shape.boundaryBytes,
      },
      handlers: {
        evaluate: (header, activation, signal) => init.evaluator.answer(header, activation, signal),
        refused: onRefused,
      },
    })(components),
    runs: runs({ served: { run: run.id, manifest: encodeManifest(run.manifest) }, onRefused })(components),
  }
  return services
}

function onMessage(
  { commits, signatures, inbox, wishes, around, stage }: ServicesInit,
  reduceService: Reduce,
  from: PeerName,
  signed: Signed,
  attachments: readonly Signed[],
): void {
  const { round } = inbox
  for (const one of [signed, ...attachments]) {
    const { payload } = one
    if (payload.kind === 'record' || Math.abs(payload.scope.round - round) > 1) continue
    // Proofs of changes, which come beside a proposal, are of anybody.
    if (payload.scope.stage !== stage || !around.isSeated(one.signer, stage)) continue
    signatures.note(one)
    if (isCommit(one) && commits.note(one)) void reduceService.commitSeen(payload.scope, one.signer)
    if (payload.kind === 'propose') commits.noteValue(payload.scope.round, hashValue(payload.value))
  }
  if (!wishes.take(signed)) inbox.message(from, signed, attachments)
}

async function onCertificate(
  { book, onOwnStage, onRefused, stage }: ServicesInit,
  certificate: Certificate,
  hashes: readonly Hash[] | null,
): Promise<void> {
  if (certificate.value.scope.stage !== stage) return
  const verified = await book.verify(certificate)
  if (isRefusal(verified)) onRefused(verified.refused, '', verified.detail)
  else onOwnStage(certificate, hashes)
}
