/** A stage of n seats, its commitments, and signatures that are only labels: the wire's tests cover the real ones. */
import { RULES } from '../../../consensus/aggregation/index.ts'
import { makeGroup } from '../../../consensus/election/index.ts'
import { NO_TEMPO, type RoundContext } from '../../../consensus/round/index.ts'
import { smallHash, ZERO_HASH } from '../../../protocols/wire/hash.ts'
import { merkleRoot } from '../../../protocols/wire/merkle.ts'
import type { Commit, Hash, Payload, PeerName, Scope, Signed } from '../../../protocols/wire/messages.ts'

export function hashOf(text: string): Hash {
  return smallHash(new TextEncoder().encode(text))
}

export const RUN = 'bafyreib6ba6oakwqzsg4vv6sogb7yysu5yqqe7dqth6z3nulqkyj7lom4a'
export const PARTITIONS = 3
/** Height of the block that the parent referred to. */
export const PARENT_HEIGHT = 10

export function peerNames(n: number): PeerName[] {
  return Array.from({ length: n }, (_, i) => `12D3KooWpeer${String(i).padStart(2, '0')}`)
}

export function blockHash(height: number): Hash {
  return hashOf(`block ${height}`)
}

export function makeContext(self: PeerName | null, peers: readonly PeerName[], seed: number): RoundContext {
  const groupScope = { genesis: hashOf('genesis'), run: RUN, epoch: 2, stage: 1 }
  const group = makeGroup(
    groupScope,
    peers.map(peer => ({ peer, stake: 100n })),
  )
  return {
    scope: { version: 1, ...groupScope, group: group.hash, round: 7 },
    self,
    group,
    beacon: hashOf(`beacon ${seed}`),
    stakeCap: 1000n,
    parent: { value: hashOf('parent value'), outcome: hashOf('parent outcome') },
    parentState: hashOf('parent state'),
    manifestHash: hashOf('manifest'),
    parentReference: { height: PARENT_HEIGHT, hash: blockHash(PARENT_HEIGHT) },
    partitions: PARTITIONS,
    rule: RULES['trimmed-mean'],
    faultsTrim: group.faults,
    countMin: 1,
    countMax: 4,
    wantFullRoot: false,
    timeouts: { proposeMs: 150, voteMs: 80, graceCapMs: 100, reduceMs: 120 },
    tempo: NO_TEMPO,
    viewBackoff: 1.25,
    membership: null,
  }
}

export function makeCommit(scope: Scope, author: PeerName, variant = 0): Commit {
  const leaves = Array.from({ length: PARTITIONS }, (_, p) => hashOf(`leaf ${author} ${variant} ${p}`))
  const root = merkleRoot(leaves, smallHash)
  return { kind: 'commit', scope, root, leaves, encoding: 'f32', count: 2, tokens: 512, lossSumMicronats: 0, trace: [] }
}

/** Signs with a label: unforgeable, because only `sign` writes the table. */
export class Signer {
  #count = 0
  readonly #opened = new WeakMap<Uint8Array, Signed>()

  sign<P extends Payload>(signer: PeerName, payload: P): Signed<P> {
    const envelope = new Uint8Array(4)
    new DataView(envelope.buffer).setUint32(0, this.#count++)
    const signed = { signer, payload, envelope }
    this.#opened.set(envelope, signed)
    return signed
  }

  open(envelope: Uint8Array): Signed {
    const signed = this.#opened.get(envelope)
    if (signed === undefined) throw new Error('not an envelope of this test')
    return signed
  }
}

export const NO_HASH = ZERO_HASH
