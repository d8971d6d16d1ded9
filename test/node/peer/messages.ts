/** Messages as the wire hands them over: opened and checked. Their signatures are never looked at again. */
import type { Commit, PeerName, Settled, Signed } from '../../../protocols/wire/messages.ts'
import { PEERS } from '../../protocols/fake-streams.ts'
import { hashOf, samplePayloads } from '../../protocols/wire/samples.ts'

export const peer = (index: number): PeerName => PEERS[index % PEERS.length] ?? ''

export function prevote(from: number, round: number, view = 0): Signed {
  const { prevote: payload } = samplePayloads(peer(from))
  return { signer: peer(from), payload: { ...payload, view, scope: { ...payload.scope, round } }, envelope: bytes() }
}

export function commit(from: number, round: number, root = 'root'): Signed<Commit> {
  const { commit: payload } = samplePayloads(peer(from))
  const envelope = hashOf(`${from}/${round}/${root}`)
  const changed = { ...payload, root: hashOf(root), scope: { ...payload.scope, round } }
  return { signer: peer(from), payload: changed, envelope }
}

export function settled(from: number, count: number, round = 1): Signed<Settled> {
  const { settled: payload } = samplePayloads(peer(from))
  const changed = { ...payload, count, scope: { ...payload.scope, stage: 0, round } }
  return { signer: peer(from), payload: changed, envelope: bytes() }
}

function bytes(): Uint8Array {
  return Uint8Array.of(1)
}
