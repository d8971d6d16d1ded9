import { expect } from 'chai'
import { SNAPSHOT_CHUNK_BYTES, State, type StateSource, type StateStatus } from '../../../protocols/state/index.ts'
import { equalBytes, smallHash } from '../../../protocols/wire/hash.ts'
import { merkleRoot } from '../../../protocols/wire/merkle.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { type Refusal, refuse } from '../../../protocols/wire/refusals.ts'
import { settle, VirtualClock } from '../discovery/virtual-clock.ts'
import { digest, FakeNetwork, PEERS, sha256 } from '../fake-streams.ts'

const [ALICE, BOB, CAROL, DAVE] = PEERS as readonly [string, string, string, string]

const PARTITIONS = [1, 2, 3, 4, 5].map(seed => new Uint8Array(12).fill(seed))
const AGGREGATE = {
  stage: 0,
  round: 7,
  aggregateRoot: merkleRoot(PARTITIONS.map(sha256), smallHash),
  partitions: PARTITIONS.length,
}

/** Six chunks, the last one short. */
const STATE = Uint8Array.from({ length: 5 * SNAPSHOT_CHUNK_BYTES + 100 }, (_, index) => (index >> 12) % 251)
const CHUNKS = Array.from({ length: 6 }, (_, index) =>
  STATE.slice(index * SNAPSHOT_CHUNK_BYTES, (index + 1) * SNAPSHOT_CHUNK_BYTES),
)
const LEAVES = CHUNKS.map(sha256)
const SNAPSHOT = { stage: 0, round: 6, fullRoot: merkleRoot(LEAVES, smallHash), bytes: STATE.length }

const STATUS: StateStatus = {
  stage: 0,
  round: 9,
  link: new Uint8Array(32).fill(1),
  state: new Uint8Array(32).fill(2),
  snapshotRound: 6,
}

const certificateOf = (round: number): Uint8Array => new Uint8Array(10).fill(round)

interface Peer {
  readonly state: State
  readonly refused: string[]
  readonly source: { -readonly [K in keyof StateSource]: StateSource[K] }
  barred: Refusal | null
}

class Sink {
  readonly chunks = new Map<number, Uint8Array>()
  /** As they were handed over. */
  readonly given: Uint8Array[] = []
  bytes = 0

  async begin(bytes: number): Promise<void> {
    this.bytes = bytes
  }

  has(index: number): boolean {
    return this.chunks.has(index)
  }

  async put(index: number, bytes: Uint8Array): Promise<void> {
    this.chunks.set(index, bytes.slice())
    this.given.push(bytes)
  }

  get isWhole(): boolean {
    return (
      this.bytes === STATE.length &&
      CHUNKS.every((chunk, index) => equalBytes(chunk, this.chunks.get(index) ?? new Uint8Array(0)))
    )
  }
}

describe('protocols/state', () => {
  let network: FakeNetwork
  let clock: VirtualClock

  beforeEach(() => {
    network = new FakeNetwork()
    clock = new VirtualClock()
  })

  function join(
    self: PeerName,
    limits: { bandwidth?: { bytesPerSecond: number; burstBytes: number; maxWaitMs: number } } = {},
  ): Peer {
    const refused: string[] = []
    const source: StateSource = {
      status: () => STATUS,
      oldest: () => 1,
      certificates: async ({ from, to }) =>
        Array.from({ length: Math.max(0, Math.min(to, STATUS.round) - from + 1) }, (_, index) =>
          certificateOf(from + index),
        ),
      aggregates: async round => (round === AGGREGATE.round ? PARTITIONS : undefined),
      aggregate: async (round, partition) => (round === AGGREGATE.round ? (PARTITIONS[partition] ?? null) : null),
      snapshot: round => (round === SNAPSHOT.round ? { round, bytes: STATE.length, leaves: LEAVES } : null),
      snapshotPiece: async (_, offset, bytes) => STATE.slice(offset, offset + bytes),
      kept: () => null,
    }
    const handlers = { refused: (reason: string) => refused.push(reason) }
    const init = { source, admit: () => peer.barred, handlers, ...limits }
    const state = new State(init, { clock, digest, openStreams: network.streamsOf(self) })
    const peer: Peer = { state, refused, source, barred: null }
    return peer
  }

  it('tells how far it is', async () => {
    const [alice, bob] = [join(ALICE), join(BOB)]
    expect(await alice.state.status(BOB)).to.deep.equal(STATUS)
    bob.source.status = () => ({ ...STATUS, round: -2 })
    expect(await alice.state.status(BOB)).to.include({ refused: 'out-of-bounds' })
    expect(alice.refused).to.deep.equal(['out-of-bounds'])
  })

  it('gives a page of certificates, and goes on to the next source where the check refuses one', async () => {
    const [alice, bob] = [join(ALICE), join(BOB), join(CAROL)]
    bob.source.certificates = async () => [certificateOf(99)]
    const check = async (page: readonly Uint8Array[]): Promise<Refusal | null> =>
      page[0]![0] === 99 ? refuse('bad-signature') : null
    const range = { stage: 0, from: 5, to: 2000 }
    const page = await alice.state.certificates([BOB, CAROL], range, check)
    expect(page).to.deep.equal([5, 6, 7, 8, 9].map(certificateOf))
    expect(alice.refused).to.deep.equal(['bad-signature'])
  })

  it('bounds a page by count and by bytes', async () => {
    const [alice, bob] = [join(ALICE), join(BOB)]
    const asked: unknown[] = []
    const big = new Uint8Array(3 * 1024 * 1024)
    bob.source.certificates = async range => {
      asked.push(range)
      return Array.from({ length: 100 }, () => big)
    }
    const page = await alice.state.certificates([BOB], { stage: 0, from: 1, to: 1000 }, async () => null)
    expect(asked).to.deep.equal([{ stage: 0, from: 1, to: 64 }])
    expect(page).to.have.length(1)
  })

  it('fetches an aggregate and checks each partition against the certified root', async () => {
    const [alice] = [join(ALICE), join(BOB)]
    expect(await alice.state.aggregate([BOB], AGGREGATE)).to.deep.equal(PARTITIONS)
    const other = { ...AGGREGATE, aggregateRoot: new Uint8Array(32) }
    expect(await alice.state.aggregate([BOB], other)).to.include({ refused: 'wrong-hash' })
    expect(await alice.state.aggregate([BOB], { ...AGGREGATE, round: 3 })).to.include({ refused: 'unknown-item' })
    expect(await alice.state.aggregate([BOB], { ...AGGREGATE, stage: 1 })).to.include({ refused: 'wrong-stage' })
    expect(alice.refused).to.deep.equal(['wrong-hash'])
  })

  it('goes on with the next source after a bad partition, and counts it once', async () => {
    const [alice, bob] = [join(ALICE), join(BOB), join(CAROL)]
    bob.source.aggregate = async (_, partition) => (partition === 3 ? new Uint8Array(12) : PARTITIONS[partition]!)
    expect(await alice.state.aggregate([BOB, CAROL], AGGREGATE)).to.deep.equal(PARTITIONS)
    expect(alice.refused).to.deep.equal(['wrong-hash'])
  })

  it('fetches a snapshot in chunks under the certified full root', async () => {
    const [alice] = [join(ALICE), join(BOB)]
    const sink = new Sink()
    expect(await alice.state.snapshot([BOB], SNAPSHOT, sink)).to.equal(null)
    expect(sink.isWhole).to.equal(true)
    expect(network.mostRunning).to.be.at.most(4)
  })

  it('frees a chunk once it is put away, and tells how many bytes have come all the same', async () => {
    const [alice] = [join(ALICE), join(BOB)]
    const sink = new Sink()
    const told: number[] = []
    const onProgress = ({ bytes }: { readonly bytes: number }): void => void told.push(bytes)
    expect(await alice.state.snapshot([BOB], SNAPSHOT, sink, { onProgress })).to.equal(null)
    expect(sink.given.map(({ byteLength }) => byteLength)).to.deep.equal(CHUNKS.map(() => 0))
    expect(told.at(-1)).to.equal(STATE.length)
  })

  it('never takes a chunk that does not match, and resumes where another transfer ended', async () => {
    const [alice, bob] = [join(ALICE), join(BOB), join(CAROL)]
    bob.source.snapshotPiece = async (_, offset, bytes) =>
      offset === 4 * SNAPSHOT_CHUNK_BYTES ? new Uint8Array(bytes) : STATE.slice(offset, offset + bytes)
    const sink = new Sink()
    expect(await alice.state.snapshot([BOB], SNAPSHOT, sink)).to.include({ refused: 'wrong-hash' })
    expect(sink.has(4)).to.equal(false)
    const before = sink.chunks.size
    network.log.length = 0
    expect(await alice.state.snapshot([CAROL], SNAPSHOT, sink)).to.equal(null)
    expect(sink.isWhole).to.equal(true)
    expect(network.log).to.have.length(1 + CHUNKS.length - before)
  })

  it('refuses a manifest that is not the certified one, or has not one hash a chunk, or another length', async () => {
    const [alice, bob] = [join(ALICE), join(BOB)]
    const manifests = [
      { round: 6, bytes: STATE.length, leaves: [...LEAVES].reverse() },
      { round: 6, bytes: STATE.length - SNAPSHOT_CHUNK_BYTES, leaves: LEAVES },
      { round: 6, bytes: STATE.length - 1, leaves: LEAVES },
    ]
    for (const manifest of manifests) {
      bob.source.snapshot = () => manifest
      expect(await alice.state.snapshot([BOB], SNAPSHOT, new Sink())).to.have.property('refused')
    }
    expect(alice.refused).to.deep.equal(['wrong-hash', 'out-of-bounds', 'out-of-bounds'])
  })

  it('asks a silent source a few times, then gives up; one that is back is taken', async () => {
    const [alice] = [join(ALICE), join(BOB)]
    network.silent.add(BOB)
    const failed = alice.state.snapshot([BOB, DAVE], SNAPSHOT, new Sink())
    await clock.advance(10_000)
    expect(await failed).to.have.property('refused')
    expect(network.log.filter(({ to }) => to === BOB)).to.have.length(3)
    const later = alice.state.snapshot([BOB], SNAPSHOT, new Sink())
    await settle()
    network.silent.delete(BOB)
    await clock.advance(10_000)
    expect(await later).to.equal(null)
  })

  it('serves a peer no faster than its bandwidth', async () => {
    const bandwidth = { bytesPerSecond: SNAPSHOT_CHUNK_BYTES, burstBytes: SNAPSHOT_CHUNK_BYTES, maxWaitMs: 60_000 }
    const [alice] = [join(ALICE), join(BOB, { bandwidth })]
    const sink = new Sink()
    const done = alice.state.snapshot([BOB], SNAPSHOT, sink)
    await clock.advance(1_000)
    expect(sink.chunks.size).to.be.at.most(2)
    await clock.advance(10_000)
    expect(await done).to.equal(null)
    expect(sink.isWhole).to.equal(true)
  })

  describe('checkpoints of another stage', () => {
    const kept = {
      stage: 1,
      heads: [{ round: SNAPSHOT.round, bytes: STATE.length, leaves: LEAVES }],
      piece: async (_: number, offset: number, bytes: number) => STATE.slice(offset, offset + bytes),
    }
    const wanted = { ...SNAPSHOT, stage: 1 }

    it('are told, and given like snapshots; their certified root says whether they are right', async () => {
      const [alice, bob] = [join(ALICE), join(BOB)]
      bob.source.snapshot = () => null
      bob.source.kept = () => kept
      expect(await alice.state.checkpoints(BOB, 1)).to.deep.equal([SNAPSHOT.round])
      const sink = new Sink()
      expect(await alice.state.snapshot([BOB], wanted, sink)).to.equal(null)
      expect(sink.isWhole).to.equal(true)
      const other = { ...wanted, fullRoot: new Uint8Array(32) }
      expect(await alice.state.snapshot([BOB], other, new Sink())).to.include({ refused: 'wrong-hash' })
      expect(alice.refused).to.deep.equal(['wrong-hash'])
    })

    it('are refused where none are kept, of a stage that is not kept, and of a round that is not', async () => {
      const [alice, bob] = [join(ALICE), join(BOB)]
      expect(await alice.state.checkpoints(BOB, 1)).to.include({ refused: 'wrong-stage' })
      expect(await alice.state.snapshot([BOB], wanted, new Sink())).to.include({ refused: 'wrong-stage' })
      bob.source.kept = () => kept
      expect(await alice.state.checkpoints(BOB, 0)).to.include({ refused: 'wrong-stage' })
      expect(await alice.state.checkpoints(BOB, 2)).to.include({ refused: 'wrong-stage' })
      const later = { ...wanted, round: SNAPSHOT.round + 1 }
      expect(await alice.state.snapshot([BOB], later, new Sink())).to.include({ refused: 'unknown-item' })
      expect(await alice.state.aggregate([BOB], { ...AGGREGATE, stage: 1 })).to.include({ refused: 'wrong-stage' })
      expect(alice.refused).to.deep.equal([])
    })

    it('are at most two: who names more is counted', async () => {
      const [alice, bob] = [join(ALICE), join(BOB)]
      bob.source.kept = () => ({ ...kept, heads: [1, 2, 3].map(round => ({ ...kept.heads[0]!, round })) })
      expect(await alice.state.checkpoints(BOB, 1)).to.include({ refused: 'out-of-bounds' })
      expect(alice.refused).to.deep.equal(['out-of-bounds'])
    })

    it('may be taken at a pace of their own, slower than other transfers', async () => {
      const [alice, bob] = [join(ALICE), join(BOB)]
      bob.source.kept = () => kept
      const taken = alice.state.snapshot([BOB], wanted, new Sink(), { bytesPerSecond: SNAPSHOT_CHUNK_BYTES })
      const began = clock.nowMs()
      let isDone = false
      void taken.then(() => {
        isDone = true
      })
      while (!isDone) {
        await settle()
        if (!isDone) clock.advance(100)
      }
      expect(clock.nowMs() - began).to.be.within(4_500, 6_500)
    })
  })

  it('takes a snapshot from several sources at once, and goes on where one lies and one is silent', async () => {
    const [alice, bob] = [join(ALICE), join(BOB), join(CAROL), join(DAVE)]
    bob.source.snapshotPiece = async (_, offset, bytes) => STATE.slice(offset, offset + bytes).fill(9)
    network.silent.add(CAROL)
    const sink = new Sink()
    const told: { bytes: number; of: number; sources: number }[] = []
    const done = alice.state.snapshot([BOB, CAROL, DAVE], SNAPSHOT, sink, { onProgress: one => told.push(one) })
    await clock.advance(5_000)
    expect(await done).to.equal(null)
    expect(sink.isWhole).to.equal(true)
    expect(alice.refused).to.deep.equal(['wrong-hash'])
    expect(told[0]).to.deep.equal({ bytes: 0, of: STATE.length, sources: 0 })
    expect(told.at(-1)).to.deep.equal({ bytes: STATE.length, of: STATE.length, sources: 1 })
  })

  it('refuses peers that may not ask and headers that are none', async () => {
    const bob = join(BOB)
    const stranger = network.streamsOf(ALICE)({})
    for (const header of [
      null,
      {},
      { type: 'everything' },
      { type: 'chunk', stage: 0, round: 1, index: -1 },
      { type: 'status', more: 1 },
    ]) {
      expect(await stranger.request(BOB, header)).to.have.property('refused')
    }
    bob.barred = refuse('no-seat')
    expect(await stranger.request(BOB, { type: 'status' })).to.include({ refused: 'no-seat' })
    expect(bob.refused).to.have.length(6)
    expect(network.barsBody(BOB, ALICE), 'a body').to.include({ refused: 'not-allowed' })
  })

  it('stops when it is cancelled', async () => {
    const alice = join(ALICE)
    const controller = new AbortController()
    network.silent.add(BOB)
    const done = alice.state.snapshot([BOB], SNAPSHOT, new Sink(), { signal: controller.signal })
    await settle()
    controller.abort()
    expect(await done).to.include({ refused: 'aborted' })
    expect(clock.timers).to.equal(0)
  })
})
