import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { newGenesis } from '../../../node/chain/accounts.ts'
import { lockFolder } from '../../../node/chain/lock.ts'
import { BlockStore, type StoredBlock } from '../../../node/chain/store.ts'
import { ExitError } from '../../../node/cli/exit.ts'

const block = (number: number): StoredBlock => ({
  number,
  hash: `0x0${number}`,
  parentHash: `0x0${number - 1}`,
  header: '0xaa',
  extrinsics: ['0x01'],
  changes: { '0x10': `0x${number}`, '0x11': null },
})

describe("the chain's store", () => {
  let directory: string
  let file: string
  const open = (): BlockStore => new BlockStore(directory, () => newGenesis({ ab: '5' }))
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'store-'))
    file = join(directory, 'blocks.jsonl')
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  /** A store of three blocks, closed. */
  function filled(): { salt: string; bytes: number } {
    const store = open()
    for (const number of [1, 2, 3]) store.append(block(number))
    store.close()
    return { salt: store.genesis.salt, bytes: readFileSync(file).length }
  }

  it('gives back what was written, after opening again too', () => {
    const { salt } = filled()
    const store = open()
    expect(store.genesis).to.deep.equal({ format: 1, salt, accounts: { ab: '5' } })
    expect(store.loaded).to.deep.equal([1, 2, 3].map(block))
    expect([store.height, store.numberOf('0x02'), store.numberOf('0x09'), store.cutBytes]).to.deep.equal([
      3,
      2,
      undefined,
      0,
    ])
    expect(store.read(2)).to.deep.equal(block(2))
    expect(store.read(4)).to.equal(undefined)
    store.append(block(4))
    expect(store.read(4)).to.deep.equal(block(4))
    expect(() => store.append(block(6))).to.throw(/block 6 after 4/)
    store.close()
  })

  it('cuts a last line torn at any byte and goes on from the block before', () => {
    const { bytes } = filled()
    const lastLine = readFileSync(file, 'utf8').split('\n').at(-2)!.length + 1
    for (const cut of [1, 2, 20, lastLine - 1]) {
      truncateSync(file, bytes - cut)
      const store = open()
      expect([store.height, store.cutBytes], `${cut}`).to.deep.equal([2, lastLine - cut])
      store.append(block(3))
      store.close()
      expect(readFileSync(file).length).to.equal(bytes)
    }
  })

  it('begins anew where not even the first line was finished', () => {
    writeFileSync(file, '0123')
    const store = open()
    expect([store.height, store.cutBytes]).to.deep.equal([0, 4])
    store.close()
    expect(open().genesis.salt).to.equal(store.genesis.salt)
  })

  it('refuses a changed byte, a missing block or a foreign first line, and names the line', () => {
    filled()
    const lines = readFileSync(file, 'utf8').split('\n')
    const damaged: [string[], number][] = [
      [lines.map((line, index) => (index === 1 ? line.replace('0xaa', '0xab') : line)), 2],
      [lines.filter((_, index) => index !== 2), 3],
      [lines.slice(1), 1],
    ]
    for (const [content, line] of damaged) {
      writeFileSync(file, content.join('\n'))
      expect(open).to.throw(ExitError, `line ${line} of`)
    }
  })

  it('cuts only a last line: two bad ones are damage', () => {
    filled()
    appendFileSync(file, 'x\ny\n')
    expect(open).to.throw(ExitError, 'line 5 of')
  })

  it('is held by one living process; a lock left behind is taken over', () => {
    const release = lockFolder(directory)
    release()
    writeFileSync(join(directory, 'chain.lock'), `${process.ppid}\n`)
    expect(() => lockFolder(directory)).to.throw(ExitError, `process ${process.ppid}`)
    for (const stale of ['999999999\n', '', 'x', `${process.pid}\n`]) {
      writeFileSync(join(directory, 'chain.lock'), stale)
      lockFolder(directory)()
    }
  })
})
