import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { LevelDatastore } from 'datastore-level'
import fc from 'fast-check'
import { Key } from 'interface-datastore'
import { CachedAddressBook } from '../../../node/network/address-cache.ts'

const NAMES = ['/peers/a', '/peers/b', '/dht/record/c', '/dht/record/d']

type Step =
  | { readonly type: 'put'; readonly name: string; readonly value: number }
  | { readonly type: 'delete' | 'get' | 'has'; readonly name: string }
  | { readonly type: 'query' | 'reopen' | 'flush' }

const name = fc.constantFrom(...NAMES)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('put' as const), name, value: fc.nat(255) }),
    fc.record({ type: fc.constantFrom('delete' as const, 'get' as const, 'has' as const), name }),
    fc.record({ type: fc.constantFrom('query' as const, 'reopen' as const, 'flush' as const) }),
  ),
  { maxLength: 30 },
)

describe('the address book in memory', () => {
  let root: string
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'swarm-book-'))
  })
  after(() => rmSync(root, { recursive: true, force: true }))

  async function open(folder: string): Promise<CachedAddressBook> {
    const book = new CachedAddressBook(folder)
    await book.open()
    return book
  }

  it('answers like a map, whatever is written when, and keeps everything over a restart', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async sequence => {
        const folder = mkdtempSync(join(root, 'book-'))
        const model = new Map<string, number>()
        let book = await open(folder)
        for (const step of sequence) {
          if (step.type === 'put') {
            await book.put(new Key(step.name), Uint8Array.of(step.value))
            model.set(step.name, step.value)
          } else if (step.type === 'delete') {
            await book.delete(new Key(step.name))
            model.delete(step.name)
          } else if (step.type === 'get') {
            const found = await book.get(new Key(step.name)).then(
              value => value[0],
              error => error.name,
            )
            expect(found).to.equal(model.get(step.name) ?? 'NotFoundError')
          } else if (step.type === 'has') {
            expect(await book.has(new Key(step.name))).to.equal(model.has(step.name))
          } else if (step.type === 'query') {
            const found = new Map<string, number>()
            for await (const { key, value } of book.query({ prefix: '/peers' })) found.set(key.toString(), value[0]!)
            expect(found).to.deep.equal(new Map([...model].filter(([each]) => each.startsWith('/peers')).sort()))
          } else if (step.type === 'flush') {
            await book.flush()
          } else {
            await book.close()
            book = await open(folder)
          }
        }
        await book.close()
      }),
      { numRuns: 40 },
    )
  })

  it('says what kept it from writing, keeps the change, and writes it when that is over', async () => {
    const folder = mkdtempSync(join(root, 'failing-'))
    const book = await open(folder)
    await book.put(new Key('/peers/a'), Uint8Array.of(1))
    await book.db.close()
    const failure = await book.flush().catch((error: unknown) => error)
    expect(failure).to.be.an('error')
    expect(
      (await book.put(new Key('/peers/b'), Uint8Array.of(2)).catch((error: unknown) => error)) === failure,
    ).to.equal(true)
    await book.db.open()
    await book.close()
    const disk = new LevelDatastore(folder)
    await disk.open()
    expect([...(await disk.get(new Key('/peers/a'))), ...(await disk.get(new Key('/peers/b')))]).to.deep.equal([1, 2])
    await disk.close()
  })
})
