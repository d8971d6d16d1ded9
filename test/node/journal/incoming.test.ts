import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type IncomingHead, openFolder, RoundStore, type Storage } from '../../../node/journal/index.ts'
import { SNAPSHOT_CHUNK_BYTES } from '../../../protocols/state/index.ts'
import type { Digest } from '../../../protocols/wire/environment.ts'
import { hashHex } from '../../../protocols/wire/hash.ts'
import { MemoryStorage } from './memory-storage.ts'
import { hashOf } from './payloads.ts'

const digest: Digest = async bytes => new Uint8Array(createHash('sha256').update(bytes).digest())

/** Three chunks, the last one short. */
const STATE = Uint8Array.from({ length: 2 * SNAPSHOT_CHUNK_BYTES + 99 }, (_, index) => (index >> 10) % 253)
const CHUNKS = [0, 1, 2].map(index => STATE.slice(index * SNAPSHOT_CHUNK_BYTES, (index + 1) * SNAPSHOT_CHUNK_BYTES))
const LEAVES = CHUNKS.map(chunk => new Uint8Array(createHash('sha256').update(chunk).digest()))
const HEAD: IncomingHead = { round: 16, link: hashOf(1), state: hashOf(2), fullRoot: hashOf(3) }
const FILE = `incoming-16-${hashHex(hashOf(3))}`

const open = (storage: Storage): Promise<RoundStore> => RoundStore.open({ storage, stage: 0, stages: 1, digest })

describe('node/journal: a snapshot on its way', () => {
  let folder: string
  let storage: Storage

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarm-incoming-'))
    storage = await openFolder(folder)
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('goes on after a restart from the chunks that are on the disk', async () => {
    const store = await open(storage)
    const first = await store.incoming(HEAD)
    await first.begin(STATE.length, LEAVES)
    await first.put(2, CHUNKS[2]!)
    await first.put(0, CHUNKS[0]!)
    // Killed here: neither closed nor flushed.
    await store.close()
    const again = await open(await openFolder(folder))
    expect(again.unfinished).to.equal(16)
    const second = await again.incoming(HEAD)
    await second.begin(STATE.length, LEAVES)
    expect([0, 1, 2].map(index => second.has(index))).to.deep.equal([true, false, true])
    await second.close()
    await first.close()
    await again.close()
  })

  it('becomes a held snapshot, which is served and recovered; nothing else is left', async () => {
    const store = await open(storage)
    const incoming = await store.incoming(HEAD)
    await incoming.begin(STATE.length, LEAVES)
    await Promise.all([2, 1, 0].map(index => incoming.put(index, CHUNKS[index]!)))
    expect(await incoming.state()).to.deep.equal(STATE)
    await store.takeIncoming(16, incoming)
    expect(store.unfinished).to.equal(null)
    expect(await store.snapshotPiece(16, SNAPSHOT_CHUNK_BYTES, SNAPSHOT_CHUNK_BYTES)).to.deep.equal(CHUNKS[1])
    await store.close()
    expect((await readdir(folder)).filter(name => name.includes('incoming'))).to.deep.equal([])
    const again = await open(await openFolder(folder))
    const { snapshot } = await again.recover()
    await again.close()
    expect(snapshot?.state).to.deep.equal(STATE)
    expect(snapshot?.head).to.deep.include({ round: 16, fullRoot: HEAD.fullRoot, leaves: LEAVES })
  })

  it('does not hold what is damaged on the disk', async () => {
    const memory = new MemoryStorage()
    const first = await (await open(memory)).incoming(HEAD)
    await first.begin(STATE.length, LEAVES)
    for (const index of [0, 1, 2]) await first.put(index, CHUNKS[index]!)
    memory.flipBit(FILE, memory.files.get(FILE)!.length - STATE.length + SNAPSHOT_CHUNK_BYTES)
    const second = await (await open(memory)).incoming(HEAD)
    await second.begin(STATE.length, LEAVES)
    expect([0, 1, 2].map(index => second.has(index))).to.deep.equal([true, false, true])
  })

  it('is the only one, and goes with a newer snapshot or when it is dropped', async () => {
    const memory = new MemoryStorage()
    const store = await open(memory)
    const names = (): string[] => [...memory.files.keys()].filter(name => name.startsWith('incoming-'))
    await (await store.incoming(HEAD)).begin(STATE.length, LEAVES)
    await (await store.incoming({ ...HEAD, round: 32, fullRoot: hashOf(4) })).begin(STATE.length, LEAVES)
    expect(names()).to.deep.equal([`incoming-32-${hashHex(hashOf(4))}`])
    await store.putSnapshot({ ...HEAD, round: 31, leaves: LEAVES }, STATE)
    expect(store.unfinished).to.equal(32)
    await store.putSnapshot({ ...HEAD, round: 32, leaves: LEAVES }, STATE)
    expect([store.unfinished, names()]).to.deep.equal([null, []])
    const dropped = await store.incoming({ ...HEAD, round: 48 })
    await dropped.begin(STATE.length, LEAVES)
    await store.dropIncoming(dropped)
    expect([store.unfinished, names()]).to.deep.equal([null, []])
  })

  it('is only read once whole', async () => {
    const incoming = await (await open(new MemoryStorage())).incoming(HEAD)
    await incoming.begin(STATE.length, LEAVES)
    await incoming.put(0, CHUNKS[0]!)
    const error = await incoming.state().then(
      () => null,
      (cause: unknown) => cause,
    )
    expect(error).to.be.an('error').with.property('message', '1 of 3 chunks are here')
  })
})
