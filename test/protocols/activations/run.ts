/** Three stages of two peers with real keys, and headers of any shape. */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import {
  type ActivationsPolicy,
  type ActivationsRun,
  type HeaderChain,
  type Outgoing,
  signDraft,
} from '../../../protocols/activations/index.ts'
import { PROTOCOL_VERSION, refuse, seal } from '../../../protocols/wire/index.ts'
import type { Boundary, PeerName, Scope } from '../../../protocols/wire/messages.ts'
import { digest, sha256 } from '../fake-streams.ts'

export interface Peer {
  readonly name: PeerName
  readonly key: Ed25519PrivateKey
  readonly stage: number
}

export const STAGES = 3
export const SHAPE = [2, 3, 4]
export const ROUND = 7
export const RUN = 'bafyreigdvwo4ba2wlwmebixtvyflhy6vqgjtbaxsgmdnhsg4t4aqy7x6da'
export const GENESIS = new Uint8Array(32).fill(1)

export async function makePeer(stage: number, index: number): Promise<Peer> {
  const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(16 * stage + index + 1))
  return { name: peerIdFromPrivateKey(key).toString(), key, stage }
}

/** [stage][index] */
export const PEERS: readonly (readonly [Peer, Peer])[] = await Promise.all(
  Array.from({ length: STAGES }, async (_, stage) => [await makePeer(stage, 0), await makePeer(stage, 1)] as const),
)

export function groupHash(epoch: number, stage: number): Uint8Array {
  return new Uint8Array(32).fill(100 + 10 * epoch + stage)
}

export function policyAt(round: number = ROUND, ownEpoch = 2): ActivationsPolicy {
  return {
    round: () => round,
    admitPeer: from => (PEERS.flat().some(({ name }) => name === from) ? null : refuse('no-seat', from)),
    seats: (epoch, stage) =>
      Math.abs(epoch - ownEpoch) > 1
        ? null
        : { hash: groupHash(epoch, stage), has: peer => PEERS[stage]?.some(({ name }) => name === peer) === true },
  }
}

export function runOf(self: Peer): ActivationsRun {
  return {
    genesis: GENESIS,
    run: RUN,
    self: self.name,
    stage: self.stage,
    stages: STAGES,
    shape: SHAPE,
    encoding: 'f32',
  }
}

export function scopeOf(stage: number, change: Partial<Scope> = {}): Scope {
  const epoch = change.epoch ?? 2
  return {
    version: PROTOCOL_VERSION,
    genesis: GENESIS,
    run: RUN,
    epoch,
    group: groupHash(epoch, stage),
    stage,
    round: ROUND,
    ...change,
  }
}

export function tensorOf(value: number): Uint8Array {
  const values = new Float32Array(SHAPE.reduce((product, size) => product * size, 1)).fill(value)
  return new Uint8Array(values.buffer)
}

/** Extends a chain by an honest header of `peer`. */
export function signed(
  peer: Peer,
  direction: 'forward' | 'backward',
  parent: HeaderChain | null,
  { tensor = tensorOf(peer.stage + 1), sequence = 0, source = PEERS[0]![0].name, scope = scopeOf(peer.stage) } = {},
): Promise<Outgoing> {
  const id = { round: scope.round, source, sequence }
  return signDraft({ direction, id, scope, parent, tensor }, { privateKey: peer.key, digest })
}

/** Extends a chain by a header whose fields are changed before it is signed. */
export async function forged(
  peer: Peer,
  direction: 'forward' | 'backward',
  parent: HeaderChain | null,
  change: Partial<Boundary>,
): Promise<Outgoing> {
  const tensor = tensorOf(peer.stage + 1)
  const content = sha256(tensor)
  const payload: Boundary = {
    kind: 'boundary',
    scope: scopeOf(peer.stage),
    source: PEERS[0]![0].name,
    sequence: 0,
    direction,
    parent: parent?.content ?? new Uint8Array(32),
    content,
    ...change,
  }
  const { envelope } = await seal(payload, peer.key)
  return { direction, chain: { envelopes: [...(parent?.envelopes ?? []), envelope], content }, tensor }
}

/** The whole way: a0 b0 c0 and back to a0; element k is what hop k sends. */
export async function wholeWay(): Promise<Outgoing[]> {
  const [[a], [b], [c]] = [PEERS[0]!, PEERS[1]!, PEERS[2]!]
  const first = await signed(a, 'forward', null)
  const second = await signed(b, 'forward', first.chain)
  const third = await signed(c, 'backward', second.chain, { tensor: tensorOf(-3) })
  const fourth = await signed(b, 'backward', third.chain, { tensor: tensorOf(-2) })
  return [first, second, third, fourth]
}
