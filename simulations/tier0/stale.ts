/** A journal that does not know all that the peer signed must not sign (node/peer/stale, without promises). */

import { type SignedParts, signedElsewhere } from '../../node/peer/key-watch.ts'
import { SHOW_MS } from '../../node/peer/stale.ts'
import { tookPart } from '../../node/peer/took-part.ts'
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import type { Signed } from '../../protocols/wire/messages.ts'
import { REQUEST_BYTES } from './constants.ts'
import { openLabels } from './labels.ts'
import type { SimPeer } from './peer.ts'
import type { SimReplica } from './replica.ts'
import { firstOf, type Task } from './task.ts'

/** It asks the chain and its siblings before it signs anything. */
export function* suspendIfStale(peer: SimPeer): Task<void> {
  const { journal, world, name } = peer
  const shown = yield* firstOf(
    peer.siblings.map(sibling =>
      peer.ask(sibling.name, 'signatures', REQUEST_BYTES, other => other.signatures.envelopes(name), SHOW_MS),
    ),
    Number.POSITIVE_INFINITY,
  )
  const own = openLabels(shown.flat()).filter(({ signer }) => signer === name)
  const reformed = peer.recoveries.at(-1) ?? null
  const fromHeight = reformed === null ? undefined : world.epochStart(reformed.epoch)
  const lastFinal = peer.anchors.lastPosted(peer.chain.finalized.height, fromHeight)
  // Nobody has signed anything in the epoch that re-formed the stage but what siblings show: it can begin to sign there.
  if (reformed !== null && lastFinal === null && own.length === 0 && journal.suspended === 'behind-anchor')
    journal.note([
      { entry: 'floor', run: world.run.id, stage: peer.stage, epoch: reformed.epoch, round: reformed.resume },
      { entry: 'suspended', reason: null },
    ])
  const reason = journal.isMissing
    ? 'missing'
    : (journal.contents.staleness(world.run.id, peer.stage, lastFinal) ??
      (own.some(signed => journal.contents.isUnknown(signed)) ? 'unknown-signature' : null))
  if (journal.contents.owner === null) {
    journal.note([
      { entry: 'owner', version: 1, signer: name },
      { entry: 'suspended', reason },
    ])
  } else if (reason !== null && journal.suspended === null) journal.note([{ entry: 'suspended', reason }])
  journal.knowsFrom = (peer.replica?.tip.round ?? 0) + 1
  if (journal.suspended === null) return
  peer.tell.process('suspended')
  world.recorder.reached('journal-suspended', peer.index)
}

/** What the key signed and the journal lacks, another machine signed (node/peer/key-watch). Liars sign past their journals. */
export function findSecondMachine(
  { journal, name, isHonest, tell }: SimPeer,
  certificate: SignedParts & Pick<VerifiedCertificate, 'value'>,
): void {
  if (!isHonest || journal.suspended !== null || journal.knowsFrom === null) return
  if (certificate.value.scope.round < journal.knowsFrom) return
  const lacks = (signed: Signed): boolean => signed.signer === name && journal.contents.isUnknown(signed)
  if (signedElsewhere(certificate, { lacks }) === null) return
  journal.note([{ entry: 'suspended', reason: 'second-machine' }])
  tell.process('suspended', 'second-machine')
}

/** Where a certificate was made without a suspended peer: what it signs from now on cannot contradict what it forgot. */
export function resumeSigning(
  { journal, world, stage, name, tell, index }: SimPeer,
  { tip, epoch }: Pick<SimReplica, 'tip' | 'epoch'>,
  certificate: VerifiedCertificate,
): void {
  if (journal.suspended === null || tookPart(certificate, epoch?.groups[stage] ?? null, name)) return
  const place = { run: world.run.id, stage, epoch: epoch?.number ?? 0, round: tip.round + 1 }
  journal.note([
    { entry: 'floor', ...place },
    { entry: 'suspended', reason: null },
  ])
  tell.process('resumed')
  world.recorder.reached('journal-resumed', index)
}
