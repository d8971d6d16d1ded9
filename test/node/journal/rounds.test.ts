import { createHash } from 'node:crypto'
import { expect } from 'chai'
import {
  JournalDamaged,
  type Partitions,
  RoundStore,
  type SnapshotHead,
  type StoredRound,
} from '../../../node/journal/index.ts'
import type { Digest } from '../../../protocols/wire/environment.ts'
import { MemoryStorage } from './memory-storage.ts'
import { hashOf } from './payloads.ts'

const digest: Digest = async bytes => new Uint8Array(createHash('sha256').update(bytes).digest())

function open(storage: MemoryStorage): Promise<RoundStore> {
  return RoundStore.open({ storage, stage: 1, stages: 2, digest })
}

function certificateOf(round: number): Uint8Array {
  return new Uint8Array(100).fill(round)
}

function partitionsOf(round: number): Partitions {
  return round % 5 === 4 ? null : [new Uint8Array(40).fill(round), new Uint8Array(24).fill(round + 1)]
}

function roundOf(round: number): StoredRound {
  return { round, certificate: certificateOf(round), partitions: partitionsOf(round) }
}

function headOf(round: number): SnapshotHead {
  return { round, link: hashOf(1), state: hashOf(round), fullRoot: hashOf(3), leaves: [hashOf(4)] }
}

function stateOf(round: number): Uint8Array {
  return new Uint8Array(5000).fill(round)
}

async function putRounds(store: RoundStore, from: number, to: number): Promise<void> {
  for (let round = from; round <= to; round++) await store.putRound(roundOf(round))
}

async function recovered(
  storage: MemoryStorage,
): Promise<{ snapshot: number | null; toRound: number; rounds: StoredRound[] }> {
  const { snapshot, toRound, rounds } = await (await open(storage)).recover()
  const stored: StoredRound[] = []
  for await (const round of rounds()) stored.push(round)
  if (snapshot !== null) expect(snapshot.state).to.deep.equal(stateOf(snapshot.head.round))
  return { snapshot: snapshot?.head.round ?? null, toRound, rounds: stored }
}

function segments(storage: MemoryStorage): string[] {
  return [...storage.files.keys()].filter(name => name.startsWith('aggregates-')).sort()
}

describe('node/journal: round store', () => {
  it('recovers every flushed round after a loss of power, SKIPs too', async () => {
    const storage = new MemoryStorage()
    await putRounds(await open(storage), 0, 6)
    const found = await recovered(storage.afterPowerLoss())
    expect(found.snapshot).to.equal(null)
    expect(found.toRound).to.equal(6)
    expect(found.rounds).to.deep.equal([0, 1, 2, 3, 4, 5, 6].map(roundOf))
  })

  it('starts empty', async () => {
    expect(await recovered(new MemoryStorage())).to.deep.equal({ snapshot: null, toRound: -1, rounds: [] })
  })

  it('recovers from the newest snapshot and the rounds after it', async () => {
    const storage = new MemoryStorage()
    const store = await open(storage)
    await putRounds(store, 0, 3)
    await store.putSnapshot(headOf(3), stateOf(3))
    await putRounds(store, 4, 6)
    const found = await recovered(storage.afterPowerLoss())
    expect(found.snapshot).to.equal(3)
    expect(found.rounds.map(({ round }) => round)).to.deep.equal([4, 5, 6])
  })

  it('keeps two snapshots, and drops the aggregates that neither needs but no certificate', async () => {
    const storage = new MemoryStorage()
    const store = await open(storage)
    for (const round of [3, 7, 11, 15]) {
      await putRounds(store, round - 3, round)
      await store.putSnapshot(headOf(round), stateOf(round))
    }
    await putRounds(store, 16, 17)
    expect(store.snapshots.map(({ round }) => round)).to.deep.equal([15, 11])
    expect(segments(storage)).to.have.length(2)
    expect(await store.aggregates(11)).to.equal(undefined)
    expect(await store.aggregates(12)).to.deep.equal(partitionsOf(12))
    expect(await store.certificate(1, 0)).to.deep.equal(certificateOf(0))
  })

  it('falls back to the older snapshot and more rounds where the newest is damaged, and writes over the damaged one', async () => {
    const storage = new MemoryStorage()
    const store = await open(storage)
    for (const round of [3, 7]) {
      await putRounds(store, round - 3, round)
      await store.putSnapshot(headOf(round), stateOf(round))
    }
    await putRounds(store, 8, 9)
    storage.flipBit('snapshot-1', 3000)
    const found = await recovered(storage)
    expect(found.snapshot).to.equal(3)
    expect(found.rounds.map(({ round }) => round)).to.deep.equal([4, 5, 6, 7, 8, 9])
    const again = await open(storage)
    await again.recover()
    await again.putSnapshot(headOf(9), stateOf(9))
    expect((await open(storage)).snapshots.map(({ round }) => round)).to.deep.equal([9, 3])
  })

  it('takes a snapshot that is far ahead, from a sibling', async () => {
    const storage = new MemoryStorage()
    const store = await open(storage)
    await putRounds(store, 0, 2)
    await store.putSnapshot(headOf(40), stateOf(40))
    await putRounds(store, 41, 42)
    const found = await recovered(storage)
    expect(found.snapshot).to.equal(40)
    expect(found.rounds.map(({ round }) => round)).to.deep.equal([41, 42])
  })

  it('recovers up to a gap only', async () => {
    const storage = new MemoryStorage()
    const store = await open(storage)
    await putRounds(store, 0, 1)
    await putRounds(store, 3, 4)
    await store.putCertificate(1, 2, certificateOf(2))
    expect((await recovered(storage)).toRound).to.equal(1)
  })

  it('leaves out rounds that are no part of its history, and recovers past them', async () => {
    const storage = new MemoryStorage()
    const store = await open(storage)
    await putRounds(store, 0, 3)
    await store.putSnapshot(headOf(3), stateOf(3))
    await putRounds(store, 4, 6)
    await store.putSnapshot(headOf(6), stateOf(6))
    store.leave(5, 8)
    expect(store.newest(1)).to.equal(4)
    expect(store.snapshots.map(head => head.round)).to.deep.equal([3])
    expect([await store.certificate(1, 5), await store.aggregates(6)]).to.deep.equal([null, undefined])
    expect(await store.certificates({ stage: 1, from: 3, to: 9 })).to.have.length(2)
    await putRounds(store, 9, 10)
    // It is asked again after a restart: the bytes are still in the files.
    const again = await open(storage)
    again.leave(5, 8)
    const { snapshot, toRound, rounds } = await again.recover({ roundAfter: round => (round === 4 ? 9 : round + 1) })
    const found: number[] = []
    for await (const { round } of rounds()) found.push(round)
    expect([snapshot?.head.round, toRound, found]).to.deep.equal([3, 10, [4, 9, 10]])
  })

  it('serves certificates of all stages by range, aggregates by partition and snapshots by piece', async () => {
    const store = await open(new MemoryStorage())
    for (const round of [4, 5, 7]) await store.putCertificate(0, round, certificateOf(round))
    await putRounds(store, 0, 1)
    await store.putSnapshot(headOf(1), stateOf(1))
    const range = await store.certificates({ stage: 0, from: 4, to: 9 })
    expect(range.map(({ round }) => round)).to.deep.equal([4, 5])
    expect(store.newest(0)).to.equal(7)
    expect(store.newest(1)).to.equal(1)
    expect(await store.aggregate(1, 1)).to.deep.equal(new Uint8Array(24).fill(2))
    expect(await store.aggregate(1, 2)).to.equal(null)
    expect(await store.aggregate(4, 0)).to.equal(null)
    expect(await store.snapshotPiece(1, 4990, 100)).to.deep.equal(new Uint8Array(10).fill(1))
    expect(await store.snapshotPiece(2, 0, 100)).to.equal(null)
  })

  it('does not write a certificate twice, and gives the latest of a round', async () => {
    const storage = new MemoryStorage()
    const store = await open(storage)
    await store.putCertificate(0, 1, certificateOf(1))
    const before = storage.files.get('certificates-0')!.length
    await store.putCertificate(0, 1, certificateOf(1))
    expect(storage.files.get('certificates-0')!.length).to.equal(before)
    await store.putCertificate(0, 1, certificateOf(9))
    expect(await (await open(storage)).certificate(0, 1)).to.deep.equal(certificateOf(9))
  })

  it('cuts an incomplete last record and reports damage before it', async () => {
    const storage = new MemoryStorage()
    await putRounds(await open(storage), 0, 2)
    const [segment] = segments(storage)
    for (const file of [segment!, 'certificates-1']) {
      const whole = storage.files.get(file)!
      storage.files.set(file, whole.slice(0, -3))
      expect((await recovered(storage)).toRound).to.equal(1)
      storage.files.set(file, whole.slice())
      storage.flipBit(file, 30)
      expect(await open(storage).catch((error: unknown) => error)).to.be.instanceOf(JournalDamaged)
      storage.files.set(file, whole)
    }
  })

  it('keeps through a loss of power the own certificates that a snapshot from siblings rests on', async () => {
    const storage = new MemoryStorage()
    const store = await open(storage)
    for (const round of [0, 1, 2, 3, 4]) await store.putCertificate(1, round, certificateOf(round))
    const incoming = await store.incoming({ round: 4, link: hashOf(1), state: hashOf(4), fullRoot: hashOf(3) })
    await incoming.begin(stateOf(4).length, [await digest(stateOf(4))])
    await incoming.put(0, stateOf(4))
    await incoming.state()
    await store.takeIncoming(4, incoming)
    const after = await open(storage.afterPowerLoss())
    expect(after.snapshots.map(({ round }) => round)).to.deep.equal([4])
    expect(after.newest(1)).to.equal(4)
  })

  it('cuts at the first that is incomplete where a loss of power zeroed several certificates of another stage', async () => {
    const storage = new MemoryStorage()
    const store = await open(storage)
    for (const round of [0, 1, 2, 3]) await store.putCertificate(0, round, certificateOf(round))
    const file = 'certificates-0'
    const whole = storage.files.get(file)!
    const bytes = whole.length / 4
    for (let from = 0; from < whole.length; from++) {
      storage.files.set(file, whole.slice().fill(0, from))
      const newest = (await open(storage)).newest(0)
      expect(newest ?? -1, `zeros from byte ${from}`).to.equal(Math.floor(from / bytes) - 1)
    }
    // Where something comes after it, it was flushed.
    storage.files.set(file, whole.slice().fill(0, bytes + 40, 2 * bytes))
    expect(await open(storage).catch((error: unknown) => error)).to.be.instanceOf(JournalDamaged)
  })

  it('goes on after a restart where it ended', async () => {
    const storage = new MemoryStorage()
    const first = await open(storage)
    await putRounds(first, 0, 1)
    await first.putSnapshot(headOf(1), stateOf(1))
    await putRounds(first, 2, 2)
    await first.close()
    await putRounds(await open(storage), 3, 3)
    expect((await recovered(storage)).rounds.map(({ round }) => round)).to.deep.equal([2, 3])
    expect(segments(storage)).to.have.length(2)
  })

  it('writes nothing more after the disk failed', async () => {
    const storage = new MemoryStorage()
    const store = await open(storage)
    storage.failing = true
    const failures = await Promise.allSettled([
      store.putRound(roundOf(0)),
      store.putCertificate(0, 0, certificateOf(0)),
    ])
    storage.failing = false
    failures.push(...(await Promise.allSettled([store.putRound(roundOf(0))])))
    expect(failures.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected', 'rejected'])
  })

  it('refuses snapshots that go back, stages that are none and certificates that are too long', async () => {
    const store = await open(new MemoryStorage())
    await store.putSnapshot(headOf(5), stateOf(5))
    const wrong = [
      store.putSnapshot(headOf(4), stateOf(4)),
      store.putCertificate(2, 0, certificateOf(0)),
      store.putCertificate(0, 0, new Uint8Array(33 * 1024 * 1024)),
    ]
    for (const result of await Promise.allSettled(wrong)) {
      expect(result.status === 'rejected' && result.reason).to.be.instanceOf(RangeError)
    }
    await store.putCertificate(0, 0, certificateOf(0))
  })
})
