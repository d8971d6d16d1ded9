/** A journal that does not know all that the peer signed must not sign (node/peer/stale, without promises). */
import { REQUEST_BYTES } from './constants.ts'
import { openLabels } from './labels.ts'
import type { SimPeer } from './peer.ts'
import { firstOf, type Task } from './task.ts'

/** It asks the chain and its siblings before it signs anything. */
export function* suspendIfStale(peer: SimPeer): Task<void> {
  const { journal, world, name } = peer
  const shown = yield* firstOf(
    peer.siblings.map(sibling =>
      peer.ask(sibling.name, 'signatures', REQUEST_BYTES, other => other.signatures.envelopes(name)),
    ),
    Number.POSITIVE_INFINITY,
  )
  const own = openLabels(shown.flat()).filter(({ signer }) => signer === name)
  const lastFinal = peer.anchors.lastPosted(peer.chain.finalized.height)
  const isMissing = journal.contents.owner === null && journal.rounds.size > 0
  const reason = isMissing
    ? 'missing'
    : (journal.contents.staleness(world.run.id, peer.stage, lastFinal) ??
      (own.some(signed => journal.contents.isUnknown(signed)) ? 'unknown-signature' : null))
  if (journal.contents.owner === null) {
    journal.note([
      { entry: 'owner', version: 1, signer: name },
      { entry: 'suspended', reason },
    ])
  } else if (reason !== null && journal.suspended === null) journal.note([{ entry: 'suspended', reason }])
  if (journal.suspended === null) return
  peer.tell.process('suspended')
  world.recorder.reached('journal-suspended', peer.index)
}
