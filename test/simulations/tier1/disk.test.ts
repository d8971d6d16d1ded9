import { expect } from 'chai'
import { RandomStream } from '../../../simulations/kernel/random.ts'
import { SimDisk } from '../../../simulations/tier1/disk.ts'

const random = (seed: number): RandomStream => new RandomStream(seed, 'disk')
const ABC = Uint8Array.of(1, 2, 3)
const DE = Uint8Array.of(4, 5)

async function journalOf(disk: SimDisk): Promise<Uint8Array | null> {
  return (await disk.open().openJournal()).read('log')
}

describe('simulations/tier1: disk', () => {
  it('keeps what was flushed over a crash, and a prefix of the rest', async () => {
    const lengths = new Set<number>()
    for (let seed = 0; seed < 40; seed++) {
      const disk = new SimDisk()
      const file = await (await disk.open().openJournal()).append('log', 0)
      await file.append(ABC)
      await file.flush()
      await file.append(DE)
      disk.crash(random(seed))
      const found = await journalOf(disk)
      expect([...(found ?? [])].slice(0, 3)).to.deep.equal([...ABC])
      lengths.add(found?.length ?? 0)
    }
    expect([...lengths].sort()).to.deep.equal([3, 4, 5])
  })

  it('is found empty, or as it was when the copy was made', async () => {
    const disk = new SimDisk()
    const file = await (await disk.open().openJournal()).append('log', 0)
    await file.append(ABC)
    await file.flush()
    disk.backUp()
    await file.append(DE)
    await file.flush()
    disk.lose('stale', random(1))
    expect(await journalOf(disk)).to.deep.equal(ABC)
    disk.lose('empty', random(1))
    expect(await journalOf(disk)).to.equal(null)
  })

  it('keeps through a loss of power what was flushed or replaced, and of what was appended since then anything', async () => {
    const found = new Set<string>()
    for (let seed = 0; seed < 60; seed++) {
      const disk = new SimDisk()
      const storage = await disk.open().openJournal()
      await storage.replace('state', [ABC, DE])
      const file = await storage.append('log', 0)
      await file.append(ABC)
      await file.flush()
      await file.append(DE)
      await file.close()
      disk.crash(random(seed))
      expect([...(await journalOf(disk))!]).to.deep.equal([...ABC, ...DE])
      disk.lose('torn', random(seed))
      expect([...(await storage.read('state'))!]).to.deep.equal([...ABC, ...DE])
      found.add([...(await journalOf(disk))!].join())
    }
    expect([...found].sort()).to.deep.equal(['1,2,3', '1,2,3,0,0', '1,2,3,4', '1,2,3,4,0', '1,2,3,4,5'])
  })

  it('takes nothing while it is full, as a file system says it', async () => {
    const disk = new SimDisk()
    const storage = await disk.open().openRounds()
    disk.isFull = true
    const refused = await storage.replace('round', [ABC]).catch((error: unknown) => error)
    expect(refused).to.be.instanceOf(Error).and.have.property('code', 'ENOSPC')
    disk.isFull = false
    await storage.replace('round', [ABC])
    expect(await storage.read('round')).to.deep.equal(ABC)
  })
})
