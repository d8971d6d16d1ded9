import { expect } from 'chai'
import { HeldPartitions } from '../../../node/journal/held.ts'
import { MemoryStorage } from './memory-storage.ts'

const RUN = 'bafyreib6ba6oakwqzsg4vv6sogb7yysu5yqqe7dqth6z3nulqkyj7lom4a'
const place = (round: number, epoch = 1) => ({ run: RUN, stage: 2, epoch, round })
const held = (author: string, partition: number) => ({ author, root: new Uint8Array(32).fill(7), partition })

describe('node/journal/held', () => {
  it('gives a later process what an earlier one has acknowledged, from the round on that is asked for', async () => {
    const storage = new MemoryStorage()
    const first = new HeldPartitions(storage)
    await first.put(place(5), held('alice', 0), Uint8Array.of(1, 2))
    await first.put(place(5), held('bob', 3), Uint8Array.of(3))
    await first.put(place(6), held('alice', 0), Uint8Array.of(4))
    await first.put(place(4), held('alice', 0), Uint8Array.of(5))
    const found = await new HeldPartitions(storage).since({ run: RUN, stage: 2, round: 5 })
    expect(
      found.map(({ author, partition, epoch, round, bytes }) => [author, partition, epoch, round, [...bytes]]),
    ).to.have.deep.members([
      ['alice', 0, 1, 5, [1, 2]],
      ['bob', 3, 1, 5, [3]],
      ['alice', 0, 1, 6, [4]],
    ])
    expect(found[0]?.root).to.deep.equal(held('alice', 0).root)
    expect(await first.since({ run: RUN, stage: 1, round: 5 })).to.deep.equal([])
  })

  it('outlives a loss of power, which is what makes HAVE a promise', async () => {
    const storage = new MemoryStorage()
    await new HeldPartitions(storage).put(place(5), held('alice', 0), Uint8Array.of(1, 2))
    const found = await new HeldPartitions(storage.afterPowerLoss()).since({ run: RUN, stage: 2, round: 5 })
    expect(found.map(({ bytes }) => [...bytes])).to.deep.equal([[1, 2]])
  })

  it('takes nothing for held that a disk has emptied, cut or zeroed, and holds it again when it comes again', async () => {
    for (const damaged of [Uint8Array.of(), Uint8Array.of(1, 2), Uint8Array.of(0, 0, 0)]) {
      const storage = new MemoryStorage()
      await new HeldPartitions(storage).put(place(5), held('alice', 0), Uint8Array.of(1, 2, 3))
      const [name] = storage.files.keys()
      storage.files.set(name!, damaged)
      const next = new HeldPartitions(storage)
      expect(await next.since({ run: RUN, stage: 2, round: 4 })).to.deep.equal([])
      await next.put(place(5), held('alice', 0), Uint8Array.of(1, 2, 3))
      const again = await next.since({ run: RUN, stage: 2, round: 4 })
      expect(again.map(({ bytes }) => [...bytes])).to.deep.equal([[1, 2, 3]])
    }
  })

  it('writes once what comes again, and again what the disk did not take', async () => {
    const storage = new MemoryStorage()
    const partitions = new HeldPartitions(storage)
    storage.failing = true
    const failed = await partitions.put(place(5), held('alice', 0), Uint8Array.of(1)).catch(String)
    expect(failed).to.match(/full/)
    storage.failing = false
    await partitions.put(place(5), held('alice', 0), Uint8Array.of(1))
    const [name] = storage.files.keys()
    storage.files.set(name!, Uint8Array.of(9))
    await partitions.put(place(5), held('alice', 0), Uint8Array.of(1))
    expect(storage.files.get(name!)).to.deep.equal(Uint8Array.of(9))
  })

  it('forgets the rounds below a floor, in epochs up to its own', async () => {
    const storage = new MemoryStorage()
    const partitions = new HeldPartitions(storage)
    for (const round of [4, 5]) await partitions.put(place(round), held('alice', 0), Uint8Array.of(round))
    await partitions.put(place(4, 2), held('alice', 0), Uint8Array.of(9))
    await partitions.dropBelow(place(5))
    const rounds = async (round: number) =>
      (await partitions.names({ run: RUN, stage: 2, round })).map(one => one.epoch)
    expect(await rounds(4)).to.deep.equal([2])
    expect(await rounds(5)).to.deep.equal([1])
  })
})
