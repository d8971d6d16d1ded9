import { expect } from 'chai'
import { HeldPartitions } from '../../../node/journal/held.ts'
import { keepHeld, keptPartitions } from '../../../node/peer/keep-held.ts'
import { SCOPE } from '../../protocols/wire/samples.ts'
import { MemoryStorage } from '../journal/memory-storage.ts'

const BYTES = Uint8Array.of(1, 2, 3)
const name = (round: number) => ({
  scope: { ...SCOPE, round },
  author: 'alice',
  root: new Uint8Array(32).fill(7),
  partition: 3,
})
const holding = { partition: () => BYTES }

describe('a partition that is held', () => {
  let told: string[]
  let journal: { held: HeldPartitions }

  const keep = (round: number, inProgress: { round: number; isOpen: boolean }) => {
    const current = {
      round: inProgress.round,
      stored: (author: string, _: Uint8Array, partition: number) => void told.push(`${author}/${partition}`),
    }
    const inbox = { round: inProgress.round, current: inProgress.isOpen ? current : null }
    return keepHeld({ journal, self: 'bob', inbox, onRefused: () => {} }, holding, name(round))
  }
  const kept = async (round: number, reduce: Parameters<typeof keptPartitions>[1] = holding) =>
    (await keptPartitions(journal, reduce, { ...SCOPE, round })).map(
      ({ author, partition }) => `${author}/${partition}`,
    )

  beforeEach(() => {
    told = []
    journal = { held: new HeldPartitions(new MemoryStorage()) }
  })

  it('is told to the round in progress, once it is on the disk', async () => {
    await keep(5, { round: 5, isOpen: true })
    expect(told).to.deep.equal(['alice/3'])
    expect((await journal.held.since({ ...SCOPE, round: 5 })).map(({ bytes }) => [...bytes])).to.deep.equal([[1, 2, 3]])
  })

  it('waits where its round is not open yet, and is there when it is opened', async () => {
    await keep(5, { round: 5, isOpen: false })
    await keep(6, { round: 5, isOpen: true })
    expect(told).to.deep.equal([])
    expect(await kept(5)).to.deep.equal(['alice/3'])
    expect(await kept(6)).to.deep.equal(['alice/3'])
    expect(await kept(7)).to.deep.equal([])
  })

  it('is of no use where its round is over, or its bytes are gone', async () => {
    await keep(4, { round: 5, isOpen: true })
    expect(await kept(4)).to.deep.equal([])
    await keep(5, { round: 5, isOpen: true })
    expect(await kept(5, { partition: () => null })).to.deep.equal([])
  })
})
