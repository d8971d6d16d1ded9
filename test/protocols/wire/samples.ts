/** One payload of each kind, and a small certificate, with fixed keys: what vectors and tests share. */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import {
  type Certificate,
  type CertifyingGroup,
  type Commit,
  contentId,
  hashValue,
  type Manifest,
  merkleRoot,
  type Outcome,
  type Payload,
  type PayloadKind,
  type PayloadOf,
  type PeerName,
  type Scope,
  seal,
  smallHash,
  type Value,
} from '../../../protocols/wire/index.ts'

export const hashOf = (text: string): Uint8Array => smallHash(new TextEncoder().encode(text))

/** Seed of seat `index`: 32 bytes of `index + 1`. */
export function keyOf(index: number): Promise<Ed25519PrivateKey> {
  return generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(index + 1))
}

export interface Seat {
  readonly key: Ed25519PrivateKey
  readonly name: PeerName
}

/** Seats sorted by peer. */
export async function seatsOf(count: number): Promise<Seat[]> {
  const keys = await Promise.all(Array.from({ length: count }, (_, index) => keyOf(index)))
  return keys
    .map(key => ({ key, name: peerIdFromPrivateKey(key).toString() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export const SCOPE: Scope = {
  version: 1,
  genesis: hashOf('genesis'),
  run: contentId(new TextEncoder().encode('run'), 'dag-cbor'),
  epoch: 3,
  group: hashOf('group'),
  stage: 1,
  round: 17,
}

const LEAVES = [hashOf('partition 0'), hashOf('partition 1'), hashOf('partition 2')]
export const ROOT = merkleRoot(LEAVES, smallHash)

export function commitOf(name: PeerName): Commit {
  return {
    kind: 'commit',
    scope: SCOPE,
    root: ROOT,
    leaves: LEAVES,
    encoding: 'f32',
    count: 2,
    tokens: 4096,
    lossSumMicronats: 4_321_000,
    trace: [
      { source: name, sequence: 0, path: [] },
      { source: name, sequence: 1, path: [name] },
    ],
  }
}

export function roundValue(authors: readonly PeerName[]): Value {
  return {
    scope: SCOPE,
    parent: { value: hashOf('parent value'), outcome: hashOf('parent outcome') },
    reference: { height: 1234, hash: hashOf('block 1234') },
    commits: authors.map(author => ({ author, root: ROOT })),
    changes: [],
  }
}

export function outcomeOf(value: Value): Outcome {
  return {
    kind: 'outcome',
    scope: SCOPE,
    value: hashValue(value),
    aggregateRoot: hashOf('aggregate'),
    state: hashOf('state'),
    fullRoot: null,
    heard: Uint8Array.of(0b1101),
  }
}

export function samplePayloads(name: PeerName): { readonly [K in PayloadKind]: PayloadOf<K> } {
  const value = roundValue([name])
  const id = hashValue(value)
  return {
    commit: commitOf(name),
    idle: { kind: 'idle', scope: SCOPE },
    have: { kind: 'have', scope: SCOPE, held: [{ author: name, root: ROOT, bitmap: Uint8Array.of(0b101) }] },
    propose: { kind: 'propose', scope: SCOPE, view: 2, validView: -1, value },
    prevote: { kind: 'prevote', scope: SCOPE, view: 2, value: id, validView: 1 },
    precommit: { kind: 'precommit', scope: SCOPE, view: 2, value: null, validView: 1 },
    aggregate: { kind: 'aggregate', scope: SCOPE, value: id, partition: 2, hash: hashOf('partition 2') },
    outcome: outcomeOf(value),
    settled: { kind: 'settled', scope: { ...SCOPE, stage: 0 }, count: 5, root: hashOf('settled') },
    boundary: {
      kind: 'boundary',
      scope: SCOPE,
      source: name,
      sequence: 7,
      direction: 'backward',
      parent: hashOf('parent tensor'),
      content: hashOf('tensor'),
    },
    leave: { kind: 'leave', scope: SCOPE },
    pause: { kind: 'pause', scope: SCOPE },
    record: {
      kind: 'record',
      run: SCOPE.run,
      stage: 1,
      sequence: 9,
      addresses: ['/ip4/127.0.0.1/tcp/4001'],
      ephemeral: false,
    },
  }
}

export interface SampleCertificate {
  readonly certificate: Certificate
  readonly group: CertifyingGroup
  readonly seats: readonly Seat[]
}

/** Four seats, three of which signed. `heard` differs between them. */
export async function sampleCertificate(): Promise<SampleCertificate> {
  const seats = await seatsOf(4)
  const signers = seats.slice(0, 3)
  const value = roundValue(signers.map(seat => seat.name))
  const envelopes = (payloads: readonly Payload[]): Promise<Uint8Array[]> =>
    Promise.all(payloads.map(async (payload, index) => (await seal(payload, signers[index]!.key)).envelope))
  const outcomes = await envelopes(
    signers.map((_, index) => ({ ...outcomeOf(value), heard: Uint8Array.of(index + 1) })),
  )
  const commits = await envelopes(signers.map(seat => commitOf(seat.name)))
  const group = { seats: seats.map(seat => seat.name), quorum: 3, groupHash: SCOPE.group }
  return { certificate: { value, outcomes, commits }, group, seats }
}

export const MANIFEST: Manifest = {
  version: 1,
  model: { preset: 'gpt-tiny', layers: 4, width: 256, heads: 4, feedForward: 768, vocabulary: 256, sequence: 128 },
  stages: 2,
  replicas: 4,
  corpus: {
    name: 'moby-dick',
    cid: contentId(new TextEncoder().encode('corpus'), 'raw'),
    tokenizer: 'bytes',
    heldOut: 0.1,
  },
  batch: { sequences: 16, target: 8, slack: 1.5 },
  optimizer: {
    name: 'adamw',
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
    weightDecay: 0.1,
    learningRate: 0.001,
    warmupRounds: 20,
    decayRounds: 1000,
    learningRateFloor: 0.0001,
    secondMoment: 'difference',
    aggregateClip: 1,
    backwardClip: 2,
  },
  aggregation: { rule: 'trimmed-mean', f: 1, bound: 1000 },
  stake: { floor: 100, cap: 10_000, asset: 1 },
  encoding: { gradient: 'f32', activation: 'f32' },
  timeouts: {
    roundMs: 10_000,
    drainMs: 1000,
    hopMs: 2000,
    proposeMs: 1000,
    voteMs: 1000,
    graceCapMs: 2000,
    reduceMs: 2000,
  },
  chain: {
    genesis: hashOf('genesis'),
    startHeight: 1,
    epochBlocks: 64,
    beaconLag: 4,
    anchorEvery: 8,
    rootEvery: 16,
    leaseBlocks: 128,
    claimDelayBlocks: 16,
    claimWindowBlocks: 32,
  },
  seed: 1,
  delay: 0,
  auditRate: 0.03,
}
