import { expect } from 'chai'
import { HeldPartitions } from '../../../node/journal/held.ts'
import { MemoryStorage } from './memory-storage.ts'

const RUN = 'bafyreib6ba6oakwqzsg4vv6sogb7yysu5yqqe7dqth6z3nulqkyj7lom4a'
const place = (round: number, epoch = 1) => ({ run: RUN, stage: 2, epoch, round })
const held = (author: string, partition: number) => ({ author, root: new Uint8Array(32).fill(7), partition })

describe('node/journal/held', () => {
  it('gives a later process what an earlier one has acknowledged, of the round that is asked for', async () => {
    const storage = new MemoryStorage()
    const first = new HeldPartitions(storage)
    await first.put(place(5), held('alice', 0), Uint8Array.of(1, 2))
    await first.put(place(5), held('bob', 3), Uint8Array.of(3))
    await first.put(place(6), held('alice', 0), Uint8Array.of(4))
    const found = await new HeldPartitions(storage).of({ run: RUN, stage: 2, round: 5 })
    expect(
      found.map(({ author, partition, epoch, bytes }) => [author, partition, epoch, [...bytes]]),
    ).to.have.deep.members([
      ['alice', 0, 1, [1, 2]],
      ['bob', 3, 1, [3]],
    ])
    expect(found[0]?.root).to.deep.equal(held('alice', 0).root)
    expect(await first.of({ run: RUN, stage: 1, round: 5 })).to.deep.equal([])
  })

  it('forgets the rounds below a floor, in epochs up to its own', async () => {
    const storage = new MemoryStorage()
    const partitions = new HeldPartitions(storage)
    for (const round of [4, 5]) await partitions.put(place(round), held('alice', 0), Uint8Array.of(round))
    await partitions.put(place(4, 2), held('alice', 0), Uint8Array.of(9))
    await partitions.dropBelow(place(5))
    const rounds = async (round: number) => (await partitions.of({ run: RUN, stage: 2, round })).map(one => one.epoch)
    expect(await rounds(4)).to.deep.equal([2])
    expect(await rounds(5)).to.deep.equal([1])
  })
})
