/** What a candidate does to be admitted: it shows the seats by its OUTCOME that it has the state (node/peer/follower). */
import type { Outcome } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { SimPeer } from './peer.ts'

/** It was no part of the round, so it heard nobody in it. */
export function vouch(peer: SimPeer, outcome: Outcome): void {
  if (peer.epoch?.roster.candidates.get(peer.name) !== peer.stage) return
  peer.pen.sign([{ ...outcome, heard: new Uint8Array(outcome.heard.length) }], ([signed]) => {
    if (signed === undefined || isRefusal(signed)) return
    peer.broadcast(peer.siblings, signed, [])
    peer.world.recorder.reached('candidate-vouched', peer.index)
  })
}
