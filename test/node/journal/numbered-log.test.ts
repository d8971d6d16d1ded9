import { expect } from 'chai'
import { NumberedLog } from '../../../node/journal/index.ts'
import { MemoryStorage } from './memory-storage.ts'

const FILE = 'numbers'
const HEADER = Uint8Array.of(1, 2, 3)

describe('node/journal: a numbered log', () => {
  const payloads = [1, 2, 3, 4].map(value => new Uint8Array(10 * value).fill(value))

  async function open(storage: MemoryStorage, { header = HEADER, maxBytes = 10_000, maxPayloadBytes = 100 } = {}) {
    const lost: string[] = []
    const onLost = (why: string) => void lost.push(why)
    const log = await NumberedLog.open({ storage, file: FILE, header, maxPayloadBytes, maxBytes, onLost })
    return { log, lost }
  }

  async function filled(): Promise<MemoryStorage> {
    const storage = new MemoryStorage()
    const { log } = await open(storage)
    for (const payload of payloads) expect(await log.add(payload)).to.equal(true)
    await log.close()
    return storage
  }

  async function all({ log }: { log: NumberedLog }) {
    return Promise.all(Array.from({ length: log.count }, (_, number) => log.get(number)))
  }

  it('gives back what was added, also after it was opened again', async () => {
    const storage = await filled()
    const again = await open(storage)
    expect(await all(again)).to.deep.equal(payloads)
    expect(await again.log.get(4)).to.equal(null)
    expect(await again.log.get(-1)).to.equal(null)
    await again.log.add(payloads[0]!)
    expect(await all(await open(storage))).to.deep.equal([...payloads, payloads[0]])
  })

  it('goes on before an incomplete end, wherever it was cut', async () => {
    const whole = (await filled()).files.get(FILE)!
    for (let length = 0; length < whole.length; length++) {
      const storage = new MemoryStorage()
      storage.files.set(FILE, whole.slice(0, length))
      const { log, lost } = await open(storage)
      const left = log.count
      expect(left).to.be.lessThan(4)
      await log.add(payloads[left]!)
      expect(await all(await open(storage))).to.deep.equal(payloads.slice(0, left + 1))
      expect(lost).to.deep.equal([])
    }
  })

  it('begins anew where a byte is damaged or it is of something else, and says so', async () => {
    const damaged = await filled()
    damaged.files.get(FILE)![60]! ^= 1
    for (const [storage, header] of [
      [damaged, HEADER],
      [await filled(), Uint8Array.of(9)],
    ] as const) {
      const { log, lost } = await open(storage, { header })
      expect(log.count).to.equal(0)
      expect(lost).to.have.length(1)
      await log.add(payloads[1]!)
      expect(await all(await open(storage, { header }))).to.deep.equal([payloads[1]])
    }
  })

  it('takes no more than its limits', async () => {
    const storage = new MemoryStorage()
    const { log } = await open(storage, { maxBytes: 200, maxPayloadBytes: 40 })
    expect(await log.add(new Uint8Array(41))).to.equal(false)
    let added = 0
    while (added < 100 && (await log.add(new Uint8Array(40)))) added++
    expect(added).to.equal(log.count)
    expect(added).to.be.within(1, 4)
    expect(storage.files.get(FILE)!.length).to.be.at.most(200)
  })

  it('is empty once it is cleared', async () => {
    const storage = await filled()
    const { log } = await open(storage)
    await log.clear()
    expect(log.count).to.equal(0)
    await log.add(payloads[2]!)
    expect(await all(await open(storage))).to.deep.equal([payloads[2]])
  })
})
