import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openFolder, SigningJournal } from '../../../node/journal/index.ts'
import { copyDisk, emptyDisk, restoreDisk, tearDisk } from '../../../simulations/tier2/disks.ts'
import { placeAt, prevote, RUN, SIGNER, seal } from '../../node/journal/payloads.ts'

describe('disks of tier 2', () => {
  let root: string
  let folder: string

  const open = async () =>
    SigningJournal.open({
      storage: await openFolder(join(folder, 'journal')),
      signer: SIGNER,
      seal,
      expectExisting: false,
    })
  const sign = async (...views: number[]): Promise<number> => {
    const journal = await open()
    for (const view of views) await journal.sign(prevote(4, view, 5))
    const known = await journal.envelopes(RUN, placeAt(4).stage)
    await journal.close()
    return known.length
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'swarm-disks-'))
    folder = join(root, 'peer')
    mkdirSync(folder)
    for (const name of ['identity.key', 'account.key', 'manifest.cbor', 'lock.1.2.3', 'evidence.jsonl'])
      writeFileSync(join(folder, name), name)
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  it('forget everything but who the peer is', async () => {
    await sign(1)
    emptyDisk(folder)
    expect(readdirSync(folder).toSorted()).to.deep.equal(['account.key', 'identity.key', 'manifest.cbor'])
  })

  it('keep through a loss of power what was flushed: signatures and what is held', async () => {
    expect(await sign(1, 2, 3)).to.equal(3)
    const journal = await open()
    const held = { author: SIGNER, root: new Uint8Array(32), partition: 0 }
    await journal.held.put(placeAt(4), held, Uint8Array.of(1, 2, 3))
    await journal.close()
    tearDisk(folder)
    expect(await sign()).to.equal(3)
    const after = await open()
    expect((await after.held.since(placeAt(4))).map(({ bytes }) => [...bytes])).to.deep.equal([[1, 2, 3]])
    await after.close()
    expect(await sign(4)).to.equal(4)
  })

  it('are again what they were, without what was written since and without a lock', async () => {
    const copy = join(root, 'copy')
    await sign(1)
    copyDisk(folder, copy)
    expect(await sign(2)).to.equal(2)
    writeFileSync(join(folder, 'identity.key'), 'changed')
    restoreDisk(copy, folder)
    expect(await sign()).to.equal(1)
    expect(readFileSync(join(folder, 'identity.key'), 'utf8')).to.equal('identity.key')
    expect(existsSync(join(folder, 'lock.1.2.3'))).to.equal(false)
  })
})
