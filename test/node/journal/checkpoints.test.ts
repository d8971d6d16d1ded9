import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { Checkpoints } from '../../../node/journal/index.ts'
import { SNAPSHOT_CHUNK_BYTES } from '../../../protocols/state/index.ts'
import type { Digest } from '../../../protocols/wire/environment.ts'
import { MemoryStorage } from './memory-storage.ts'
import { hashOf } from './payloads.ts'

const digest: Digest = async bytes => new Uint8Array(createHash('sha256').update(bytes).digest())
const BYTES = SNAPSHOT_CHUNK_BYTES + 9

describe('node/journal: checkpoints of another stage', () => {
  let storage: MemoryStorage
  const open = (stage = 3): Promise<Checkpoints> => Checkpoints.open({ storage, stage, digest })
  const stateOf = (round: number): Uint8Array => new Uint8Array(BYTES).fill(round)
  const chunksOf = (round: number): Uint8Array[] =>
    [0, 1].map(index => stateOf(round).slice(index * SNAPSHOT_CHUNK_BYTES, (index + 1) * SNAPSHOT_CHUNK_BYTES))

  async function keep(checkpoints: Checkpoints, round: number): Promise<void> {
    const incoming = await checkpoints.incoming({
      round,
      ...{ link: hashOf(0), state: hashOf(round), fullRoot: hashOf(100 + round) },
    })
    await incoming.begin(BYTES, await Promise.all(chunksOf(round).map(chunk => digest(chunk))))
    for (const [index, chunk] of chunksOf(round).entries()) await incoming.put(index, chunk)
    await checkpoints.take(round, incoming)
  }

  beforeEach(() => {
    storage = new MemoryStorage()
  })

  it('are the newest two, whole and flushed, and still there after a restart', async () => {
    const checkpoints = await open()
    for (const round of [16, 32, 48]) await keep(checkpoints, round)
    for (const held of [checkpoints, await open()]) {
      expect(held.heads.map(({ round }) => round)).to.deep.equal([48, 32])
      expect(await held.piece(48, 0, BYTES)).to.deep.equal(stateOf(48))
      expect(await held.piece(32, SNAPSHOT_CHUNK_BYTES, SNAPSHOT_CHUNK_BYTES)).to.deep.equal(chunksOf(32)[1])
      expect(await held.piece(16, 0, BYTES)).to.equal(null)
    }
    expect([...storage.files.keys()].sort()).to.deep.equal(['snapshot-0', 'snapshot-1', 'stage'])
    expect(storage.flushed.get('snapshot-0')).to.deep.equal(storage.files.get('snapshot-0'))
  })

  it('go with the stage: those of the one that was kept before are removed', async () => {
    await keep(await open(), 16)
    const other = await open(4)
    expect(other.heads).to.deep.equal([])
    expect([...storage.files.keys()]).to.deep.equal(['stage'])
  })

  it('are not taken before all chunks are there; what is there of one is gone with the next', async () => {
    const checkpoints = await open()
    const head = { round: 16, link: hashOf(0), state: hashOf(1), fullRoot: hashOf(2) }
    const incoming = await checkpoints.incoming(head)
    await incoming.begin(BYTES, await Promise.all(chunksOf(16).map(chunk => digest(chunk))))
    await incoming.put(0, chunksOf(16)[0]!)
    const early = await checkpoints.take(16, incoming).then(
      () => null,
      (error: Error) => error.message,
    )
    expect(early).to.equal('1 of 2 chunks are here')
    expect(checkpoints.heads).to.deep.equal([])
    await keep(checkpoints, 32)
    expect([...storage.files.keys()].filter(name => name.startsWith('incoming'))).to.deep.equal([])
  })
})
