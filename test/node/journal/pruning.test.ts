import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { CERTIFICATES_A_SEGMENT } from '../../../node/journal/constants.ts'
import { RoundStore, type SnapshotHead } from '../../../node/journal/index.ts'
import { pruneFloor } from '../../../node/peer/pruner.ts'
import type { Digest } from '../../../protocols/wire/environment.ts'
import { MemoryStorage } from './memory-storage.ts'
import { hashOf } from './payloads.ts'

const digest: Digest = async bytes => new Uint8Array(createHash('sha256').update(bytes).digest())
const STAGE = 1
const FIRST_ROUND = 1

/** A disk that a process is killed on: from some change on it does nothing more. */
class MortalStorage extends MemoryStorage {
  changesLeft = Number.POSITIVE_INFINITY
  changes = 0

  #live(): void {
    this.changes++
    if (--this.changesLeft < 0) throw new Error('killed')
  }

  override async append(name: string, length: number): ReturnType<MemoryStorage['append']> {
    this.#live()
    const file = await super.append(name, length)
    return {
      ...file,
      append: async bytes => {
        this.#live()
        return file.append(bytes)
      },
    }
  }

  override async replace(name: string, parts: readonly Uint8Array[]): Promise<void> {
    this.#live()
    return super.replace(name, parts)
  }

  override async remove(name: string): Promise<void> {
    this.#live()
    return super.remove(name)
  }

  /** What the next process finds. */
  reborn(): MortalStorage {
    const found = new MortalStorage()
    for (const [name, bytes] of this.files) found.files.set(name, bytes)
    return found
  }
}

function open(storage: MemoryStorage): Promise<RoundStore> {
  return RoundStore.open({ storage, stage: STAGE, stages: 2, digest, firstRound: FIRST_ROUND })
}

function certificateOf(round: number, stage = STAGE): Uint8Array {
  return new Uint8Array(new Uint32Array([round, stage]).buffer)
}

function headOf(round: number): SnapshotHead {
  return { round, link: hashOf(1), state: hashOf(2), fullRoot: hashOf(3), leaves: [] }
}

interface Pace {
  readonly rootEvery: number
  readonly anchorEvery: number
  readonly keepRounds: number
}

/** What a peer does with its disk after a round, with every anchor final at once. */
async function trainRound(
  store: RoundStore,
  round: number,
  { rootEvery, anchorEvery, keepRounds }: Pace,
): Promise<void> {
  await store.putRound({ round, certificate: certificateOf(round), partitions: [new Uint8Array(4)] })
  await store.putCertificate(0, round, certificateOf(round, 0))
  if (round % rootEvery === 0) await store.putSnapshot(headOf(round), new Uint8Array(16))
  const older = store.snapshots[1]?.round ?? 0
  const anchored = Math.floor(older / anchorEvery) * anchorEvery
  const floor = pruneFloor(round, keepRounds, anchored > 0 ? anchored : null)
  if (floor !== null) await store.prune(floor)
}

function bytesOf(storage: MemoryStorage): number {
  return [...storage.files.values()].reduce((sum, file) => sum + file.length, 0)
}

describe('node/journal: pruning', () => {
  it('keeps the disk flat over 10,000 rounds, and all that was asked for', async function () {
    this.timeout(60_000)
    const pace = { rootEvery: 16, anchorEvery: 8, keepRounds: 1_000 }
    const storage = new MemoryStorage()
    const store = await open(storage)
    const sizes: number[] = []
    for (let round = FIRST_ROUND; round <= 10_000; round++) {
      await trainRound(store, round, pace)
      if (round % 1_000 === 0) sizes.push(bytesOf(storage))
    }
    const [atStart = 0] = sizes.slice(1)
    // What is kept, one segment that is not whole yet, and aggregates between snapshots.
    const bound = atStart * (1 + (2 * CERTIFICATES_A_SEGMENT) / pace.keepRounds)
    expect(Math.max(...sizes)).to.be.below(bound)
    for (const stage of [0, 1]) {
      const oldest = store.oldest(stage) ?? 0
      expect(oldest).to.be.at.most(10_000 - pace.keepRounds + 1)
      expect(oldest).to.be.above(10_000 - pace.keepRounds - CERTIFICATES_A_SEGMENT - 1)
    }
    const again = await open(storage)
    expect(again.heldFrom(10_000)).to.equal(store.oldest(STAGE))
    for (const round of [9_001, 9_500, 10_000])
      expect(await again.certificate(STAGE, round)).to.deep.equal(certificateOf(round))
  })

  it('never drops what is newer than was asked, not anchored, or under the older snapshot', async () => {
    const paces = fc.record({
      rootEvery: fc.integer({ min: 1, max: 40 }),
      anchorEvery: fc.integer({ min: 1, max: 40 }),
      keepRounds: fc.integer({ min: 1, max: 600 }),
    })
    await fc.assert(
      fc.asyncProperty(paces, fc.integer({ min: 500, max: 900 }), async (pace, rounds) => {
        const store = await open(new MemoryStorage())
        for (let round = FIRST_ROUND; round <= rounds; round++) await trainRound(store, round, pace)
        const older = store.snapshots[1]?.round ?? FIRST_ROUND
        const from = store.heldFrom(rounds)
        expect(from).to.be.at.most(Math.max(FIRST_ROUND, rounds - pace.keepRounds + 1))
        expect(from).to.be.at.most(older)
        // A newcomer begins at an anchored round that is held, not after the older snapshot.
        if (from > FIRST_ROUND) expect(Math.floor(older / pace.anchorEvery) * pace.anchorEvery).to.be.at.least(from)
      }),
      { numRuns: 10 },
    )
  })

  it('leaves a store that can be read, wherever a process is killed in it', async () => {
    const pace = { rootEvery: 64, anchorEvery: 8, keepRounds: 64 }
    const rounds = 3 * CERTIFICATES_A_SEGMENT
    const base = new MortalStorage()
    const store = await open(base)
    for (let round = FIRST_ROUND; round < rounds; round++)
      await trainRound(store, round, { ...pace, keepRounds: 10_000 })
    await store.close()
    let killed = 0
    for (let left = 0; ; left++) {
      const storage = base.reborn()
      storage.changesLeft = left
      const died = await open(storage)
        .then(opened => trainRound(opened, rounds, pace))
        .then(() => false)
        .catch(() => true)
      const again = await open(storage.reborn())
      const newest = again.newest(STAGE) ?? 0
      expect(newest).to.be.at.least(rounds - 1)
      const from = again.heldFrom(newest)
      expect(again.oldest(STAGE), `killed at change ${left}`).to.equal(from)
      expect(again.snapshots.at(-1)?.round).to.be.at.least(from)
      for (let round = from; round <= newest; round++) expect(await again.certificate(STAGE, round)).to.not.equal(null)
      await trainRound(again, newest + 1, pace)
      if (!died) break
      killed++
    }
    expect(killed).to.be.above(6)
    const whole = base.reborn()
    const last = await open(whole)
    await trainRound(last, rounds, pace)
    expect(last.oldest(STAGE)).to.be.above(CERTIFICATES_A_SEGMENT)
  })

  it('keeps everything while there are no two snapshots, or no anchor', async () => {
    const store = await open(new MemoryStorage())
    for (let round = FIRST_ROUND; round <= 600; round++)
      await store.putRound({ round, certificate: certificateOf(round), partitions: null })
    await store.putSnapshot(headOf(600), new Uint8Array(16))
    await store.prune(600)
    expect(store.oldest(STAGE)).to.equal(FIRST_ROUND)
    expect(pruneFloor(600, 64, null)).to.equal(null)
  })

  it('keeps what came late to a stage with the rounds that it came with', async () => {
    const storage = new MemoryStorage()
    const store = await open(storage)
    for (let round = 2; round <= 300; round++) await store.putCertificate(0, round, certificateOf(round, 0))
    await store.putCertificate(0, 1, certificateOf(1, 0))
    const again = await open(storage)
    expect(again.oldest(0)).to.equal(1)
    expect(await again.certificate(0, 1)).to.deep.equal(certificateOf(1, 0))
    expect(again.newest(0)).to.equal(300)
  })
})
