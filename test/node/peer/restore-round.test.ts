import { expect } from 'chai'
import { HeldPartitions } from '../../../node/journal/held.ts'
import { holdRestoredPartitions } from '../../../node/peer/restore-round.ts'
import type { PartitionName } from '../../../protocols/reduce/index.ts'
import { SCOPE } from '../../protocols/wire/samples.ts'
import { MemoryStorage } from '../journal/memory-storage.ts'

describe('what a peer acknowledged before it was restarted', () => {
  const root = new Uint8Array(32).fill(7)

  /** `round/partition` of what is held again by a process whose first round this is. */
  async function heldAgain(journal: { held: HeldPartitions }, round: number): Promise<string[]> {
    const held: string[] = []
    const hold = ({ scope, partition }: PartitionName, bytes: Uint8Array): null => {
      held.push(`${scope.round}/${partition}/${bytes[0]}`)
      return null
    }
    await holdRestoredPartitions(journal, { hold }, { ...SCOPE, round })
    return held.sort()
  }

  it('is held again, also of rounds after the one that it begins with: the disk may have lost certificates', async () => {
    const journal = { held: new HeldPartitions(new MemoryStorage()) }
    for (const round of [2, 3, 4, 5]) {
      const place = { ...SCOPE, round }
      await journal.held.put(place, { author: 'alice', root, partition: round }, Uint8Array.of(10 * round))
      await journal.held.put({ ...place, stage: SCOPE.stage + 1 }, { author: 'bob', root, partition: 9 }, root)
    }
    expect(await heldAgain(journal, 5)).to.deep.equal(['4/4/40', '5/5/50'])
    expect(await heldAgain(journal, 4)).to.deep.equal(['3/3/30', '4/4/40', '5/5/50'])
  })
})
