/** A small run's data folder, as `swarm-node up` would leave it: real keys, seats, gradients, signatures and files. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { BlockReference, Bond, Chain, PostedAnchor, PostedRecord } from '../../../consensus/chain/types.ts'
import { nextState } from '../../../consensus/round/index.ts'
import { microBatch } from '../../../node/data/index.ts'
import { STATE_CHUNK_BYTES } from '../../../node/engine/runtime/constants.ts'
import { chunkLeaves } from '../../../node/engine/runtime/hashing.ts'
import type { StageEngine } from '../../../node/engine/runtime/index.ts'
import { newEngine, ROUNDS_FOLDER } from '../../../node/export/history.ts'
import { openFolder, type Partitions, RoundStore } from '../../../node/journal/index.ts'
import { digestOf } from '../../../node/peer/digest.ts'
import { Membership } from '../../../node/peer/membership.ts'
import { scopeOf } from '../../../node/peer/round-context.ts'
import { advanceTip, firstTip, type Tip } from '../../../node/peer/tip.ts'
import { makeManifest } from '../../../node/run/defaults.ts'
import { type Run, swarmFolder, writeRun, writeSeat } from '../../../node/run/folder.ts'
import { FIRST_ROUND, manifestHash } from '../../../node/run/state-chain.ts'
import { encodeCertificate, verifyCertificate } from '../../../protocols/wire/certificate.ts'
import { contentId, manifestId } from '../../../protocols/wire/cid.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import { hashValue, smallHash, ZERO_HASH } from '../../../protocols/wire/hash.ts'
import { merkleRoot } from '../../../protocols/wire/merkle.ts'
import type { Certificate, Commit, Hash, Outcome, PeerName, Value } from '../../../protocols/wire/messages.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'

export const ROUNDS = 5
/** Stage 1 skips this round. */
const SKIPPED = { stage: 1, round: 3 } as const
const REPLICAS = 4
const QUORUM = 3
const START_HEIGHT = 3
/** So that round 4 is of epoch 1. */
const BLOCKS_A_ROUND = 25
const HEAD = START_HEIGHT + (ROUNDS + 2) * BLOCKS_A_ROUND

const SIGNAL = AbortSignal.any([])

export const hashOf = (text: string): Hash => smallHash(new TextEncoder().encode(text))

export function block(height: number): BlockReference {
  return { height, hash: hashOf(`block ${height}`) }
}

/** A chain that holds the bonds and anchors that it is given; nothing of it is remote. */
export class FakeChain implements Chain {
  readonly genesis: Hash
  posted: PostedAnchor[] = []
  recorded: PostedRecord[] = []
  head = HEAD
  readonly #bonds: readonly Bond[]

  constructor(bonds: readonly Bond[], genesis = hashOf('genesis')) {
    this.#bonds = bonds
    this.genesis = genesis
  }

  async finalizedHead(): Promise<BlockReference> {
    return block(this.head)
  }
  onFinalized(_callback: (head: BlockReference) => void): () => void {
    return () => undefined
  }
  async blockHash(height: number): Promise<Hash> {
    if (height > this.head) throw new RangeError(`block ${height} is not final`)
    return block(height).hash
  }
  async bonds(run: string): Promise<readonly Bond[]> {
    return run === this.run ? this.#bonds : []
  }
  run = ''
  async bond(): Promise<BlockReference> {
    throw new Error('not part of the test')
  }
  async anchor(): Promise<BlockReference> {
    throw new Error('not part of the test')
  }
  async anchors(run: string, range: { afterHeight: number; toHeight: number }): Promise<PostedAnchor[]> {
    return run === this.run
      ? this.posted.filter(({ block: { height } }) => height > range.afterHeight && height <= range.toHeight)
      : []
  }
  async postRecord(): Promise<BlockReference> {
    throw new Error('not part of the test')
  }
  async records(run: string, range: { afterHeight: number; toHeight: number }): Promise<PostedRecord[]> {
    return run === this.run
      ? this.recorded.filter(({ block: { height } }) => height > range.afterHeight && height <= range.toHeight)
      : []
  }
  async close(): Promise<void> {}
}

export interface Seat {
  readonly key: Ed25519PrivateKey
  readonly peer: PeerName
}

export interface World {
  readonly root: string
  readonly run: Run
  readonly chain: FakeChain
  readonly membership: Membership
  /** Keys of a stage's seats, sorted by peer. */
  readonly seats: readonly (readonly Seat[])[]
  /** `tips[stage][round]` */
  readonly tips: readonly (readonly Tip[])[]
  /** `folders[stage][k]`: the folder of the k-th seat. */
  readonly folders: readonly (readonly string[])[]
}

export function makeRun(): Run {
  const manifest = makeManifest({
    model: { preset: 'test', layers: 2, width: 16, heads: 2, feedForward: 32, vocabulary: 256, sequence: 16 },
    stages: 2,
    replicas: REPLICAS,
    rule: 'trimmed-mean',
    f: 1,
    seed: 5,
    target: 4,
    encoding: 'f32',
    rounds: 40,
    corpus: { name: 'test', cid: contentId(CORPUS, 'raw') },
    genesis: hashOf('genesis'),
    startHeight: START_HEIGHT,
  })
  const small = {
    ...manifest,
    batch: { ...manifest.batch, sequences: 2 },
    chain: { ...manifest.chain, rootEvery: 2, anchorEvery: 2 },
  }
  return { id: manifestId(small), manifest: small }
}

const CORPUS = Uint8Array.from({ length: 4096 }, (_, index) => 97 + ((index * index + (index >> 3)) % 26))

async function makeKeys(count: number): Promise<Seat[]> {
  const keys = await Promise.all(
    Array.from({ length: count }, (_, index) => generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(index + 1))),
  )
  const seats = keys.map(key => ({ key, peer: peerIdFromPrivateKey(key).toString() }))
  return seats.sort((a, b) => (a.peer < b.peer ? -1 : 1))
}

export interface WorldOptions {
  /** Every seat of every stage signs a false full root in this round, as no group with an honest seat would. */
  readonly falseRootAt?: number
}

/** Trains a few rounds and writes them down as every peer would. */
export async function buildWorld(root: string, options: WorldOptions = {}): Promise<World> {
  const run = makeRun()
  const { stages } = run.manifest
  const peers = await makeKeys(stages * REPLICAS)
  const chain = new FakeChain(peers.map(({ peer }, index) => ({ peer, account: `account ${index}`, stake: 1000n })))
  chain.run = run.id
  const membership = await Membership.load(chain, run, SIGNAL)
  const seats = Array.from({ length: stages }, (_, stage) =>
    peers.filter(({ peer }) => membership.first.stageOf.get(peer) === stage),
  )
  mkdirSync(root, { recursive: true })
  writeRun(root, run.manifest)
  const folders = seats.map((_, stage) =>
    Array.from({ length: REPLICAS }, (__, k) => swarmFolder(root).peer(stage * REPLICAS + k)),
  )
  const stores = await Promise.all(
    folders.map((own, stage) => Promise.all(own.map(folder => openStore(folder, run, stage)))),
  )
  const engines = await Promise.all(seats.map((_, stage) => newEngine(run, stage)))
  const tips: Tip[][] = await Promise.all(
    engines.map(async engine => [firstTip(await engine.fullRoot(), membership.start)]),
  )
  for (let round = FIRST_ROUND; round <= ROUNDS; round++) {
    const gradients = await commitAll(run, engines, round)
    for (const [stage, engine] of engines.entries()) {
      const tip = tips[stage]!.at(-1)!
      const init = {
        run,
        membership,
        seats: seats[stage]!,
        stage,
        round,
        tip,
        engine,
        commits: gradients[stage]!,
        ...options,
      }
      const { certificates, partitions, next } = await certify(init)
      tips[stage]!.push(next)
      for (const [other, own] of stores.entries()) {
        for (const [k, store] of own.entries()) {
          const certificate = certificates[k % certificates.length]!
          if (other === stage) await store.putRound({ round, certificate, partitions })
          else await store.putCertificate(stage, round, certificate)
        }
      }
      // The first peer of each stage keeps snapshots, and drops what they replace; the others replay from the start.
      const isRoot = round % run.manifest.chain.rootEvery === 0 && round !== options.falseRootAt
      if (isRoot) await putSnapshot(stores[stage]![0]!, engine, next)
    }
  }
  for (const engine of engines) await engine.dispose()
  for (const store of stores.flat()) await store.close()
  chain.posted = tips.flatMap((own, stage) => [2, 4].map(to => anchorOf(own, stage, to, seats[stage]![0]!.peer)))
  return { root, run, chain, membership, seats, tips, folders }
}

export async function openStore(folder: string, run: Run, stage: number): Promise<RoundStore> {
  writeRun(folder, run.manifest)
  writeSeat(folder, stage)
  const storage = await openFolder(join(folder, ROUNDS_FOLDER))
  const { stages } = run.manifest
  return RoundStore.open({ storage, stage, stages, digest: digestOf, firstRound: FIRST_ROUND })
}

function anchorOf(tips: readonly Tip[], stage: number, toRound: number, peer: PeerName): PostedAnchor {
  const at = START_HEIGHT + toRound * BLOCKS_A_ROUND + 1
  return { stage, fromRound: toRound - 1, toRound, link: tips[toRound]!.link, peer, block: block(at) }
}

interface Gradient {
  readonly leaves: readonly Hash[]
  readonly partitions: readonly Uint8Array[]
}

/** Every replica's commitment of every stage: a micro-batch each, through both stages and back. */
async function commitAll(run: Run, engines: readonly StageEngine[], round: number): Promise<Gradient[][]> {
  const { batch, model, seed } = run.manifest
  const [bottom, top] = engines as [StageEngine, StageEngine]
  const commits: Gradient[][] = engines.map(() => [])
  for (let sequence = 0; sequence < REPLICAS; sequence++) {
    const shape = { sequences: batch.sequences, sequence: model.sequence }
    const { tokens, targets } = microBatch({ bytes: CORPUS }, { seed }, { round, source: 'test', sequence }, shape)
    for (const engine of engines) await engine.beginRound()
    const { inputGradient } = await top.head(await bottom.forward(tokens), targets, 'lane')
    await bottom.backward(tokens, inputGradient!, 'lane')
    for (const [stage, engine] of engines.entries()) {
      const { bytes, offsets, leaves } = await engine.commit(1, false)
      const partitions = offsets.slice(1).map((end, p) => bytes.subarray(offsets[p], end))
      commits[stage]!.push({ leaves, partitions })
    }
  }
  return commits
}

interface CertifyInit {
  readonly run: Run
  readonly membership: Membership
  readonly seats: readonly Seat[]
  readonly stage: number
  readonly round: number
  readonly tip: Tip
  readonly engine: StageEngine
  readonly commits: readonly Gradient[]
  readonly falseRootAt?: number
}

interface CertifiedRound {
  /** Two, of different quorums. */
  readonly certificates: readonly Uint8Array[]
  readonly partitions: Partitions
  readonly next: Tip
}

async function certify(init: CertifyInit): Promise<CertifiedRound> {
  const { run, membership, seats, stage, round, tip, engine, commits } = init
  const epoch = await membership.epoch(membership.epochOf(tip.reference.height), SIGNAL)
  const scope = scopeOf(run, epoch, stage, round)
  const skips = stage === SKIPPED.stage && round === SKIPPED.round
  const sealed = await Promise.all(
    seats.map(async ({ key }, k) => {
      const { leaves } = commits[k]!
      const root = merkleRoot(leaves, smallHash)
      const [count, tokens] = [1, 32]
      const commit: Commit = {
        ...{ kind: 'commit', scope, root, leaves, encoding: 'f32', count, tokens },
        ...{ lossSumMicronats: 0, trace: [] },
      }
      return seal(commit, key)
    }),
  )
  const value: Value = {
    scope,
    parent: tip.parent,
    reference: block(START_HEIGHT + round * BLOCKS_A_ROUND),
    commits: skips ? 'skip' : sealed.map(({ signer, payload }) => ({ author: signer, root: payload.root })),
    changes: [],
  }
  const partitions = skips ? null : await aggregateAll(engine, commits)
  const wantsRoot = round % run.manifest.chain.rootEvery === 0
  if (partitions !== null) {
    await engine.execute(round, partitions, false)
    await engine.promote()
  }
  const aggregateRoot =
    partitions === null ? ZERO_HASH : merkleRoot(await Promise.all(partitions.map(p => digestOf(p))), smallHash)
  const outcome: Outcome = {
    kind: 'outcome',
    scope,
    value: hashValue(value),
    aggregateRoot,
    state: partitions === null ? tip.state : nextState(tip.state, aggregateRoot, manifestHash(run.id)),
    fullRoot: !wantsRoot ? null : round === init.falseRootAt ? hashOf('false') : await engine.fullRoot(),
    heard: Uint8Array.of(0b1111),
  }
  const outcomes = await Promise.all(seats.map(async ({ key }) => (await seal(outcome, key)).envelope))
  const quorums = [outcomes.slice(0, QUORUM), outcomes.slice(outcomes.length - QUORUM)]
  const commitEnvelopes = skips ? [] : sealed.map(({ envelope }) => envelope)
  const made: Certificate[] = quorums.map(quorum => ({ value, outcomes: quorum, commits: commitEnvelopes }))
  return {
    certificates: made.map(encodeCertificate),
    partitions,
    next: await advance(tip, made[0]!, epoch.groups[stage]!, run),
  }
}

async function aggregateAll(engine: StageEngine, commits: readonly Gradient[]): Promise<Uint8Array[]> {
  const { partitions } = engine.shape
  const combined = Array.from({ length: partitions }, (_, p) =>
    engine.aggregate(
      p,
      commits.map(commit => commit.partitions[p]!),
    ),
  )
  return (await Promise.all(combined)).map(part => part!)
}

async function advance(
  tip: Tip,
  certificate: Certificate,
  group: { readonly seats: readonly { readonly peer: PeerName }[]; readonly quorum: number; readonly hash: Hash },
  run: Run,
): Promise<Tip> {
  const seats = group.seats.map(seat => seat.peer)
  const verified = await verifyCertificate(certificate, { seats, quorum: group.quorum, groupHash: group.hash })
  const next = isRefusal(verified) ? verified : advanceTip(tip, verified, manifestHash(run.id))
  if (isRefusal(next)) throw new Error(`the fixture is wrong: ${next.refused} ${next.detail}`)
  return next
}

async function putSnapshot(store: RoundStore, engine: StageEngine, { round, link, state }: Tip): Promise<void> {
  const bytes = await engine.exportState()
  const head = {
    round,
    link,
    state,
    fullRoot: await engine.fullRoot(),
    leaves: chunkLeaves([bytes], STATE_CHUNK_BYTES),
  }
  await store.putSnapshot(head, bytes)
}
