import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openFolder } from '../../../node/journal/index.ts'

describe('node/journal: files', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'storage-'))
  })

  afterEach(async () => {
    await rm(folder, { recursive: true })
  })

  it('appends after the length that is asked for and cuts what lies beyond', async () => {
    const storage = await openFolder(folder)
    const first = await storage.append('log', 0)
    await first.append(Uint8Array.of(1, 2, 3))
    await first.append(Uint8Array.of(4))
    await first.flush()
    await first.close()
    const second = await storage.append('log', 2)
    await second.append(Uint8Array.of(9))
    await second.close()
    expect(await storage.read('log')).to.deep.equal(Uint8Array.of(1, 2, 9))
    expect(await storage.readAt('log', 1, 100)).to.deep.equal(Uint8Array.of(2, 9))
    expect(await storage.size('log')).to.equal(3)
  })

  it('replaces a file as a whole and removes what an interrupted replacement left', async () => {
    const storage = await openFolder(folder)
    await storage.replace('state', [Uint8Array.of(1), Uint8Array.of(2, 3)])
    await storage.replace('bytes', [Uint8Array.of(7)])
    await writeFile(join(folder, 'state.new'), 'unfinished')
    expect(await storage.list()).to.deep.equal(['bytes', 'state'])
    const again = await openFolder(folder)
    expect(await again.read('state')).to.deep.equal(Uint8Array.of(1, 2, 3))
    expect((await readdir(folder)).sort()).to.deep.equal(['bytes', 'state'])
  })

  it('leaves nothing of a replacement that fails', async () => {
    const storage = await openFolder(folder)
    await mkdir(join(folder, 'taken', 'by'), { recursive: true })
    const failed = await storage
      .replace('taken', [Uint8Array.of(1)])
      .catch(error => (error as NodeJS.ErrnoException).code)
    expect(failed).to.be.oneOf(['EISDIR', 'ENOTEMPTY', 'EPERM', 'EEXIST'])
    expect(await readdir(folder)).to.deep.equal(['taken'])
  })

  it('knows nothing of files that are not there', async () => {
    const storage = await openFolder(join(folder, 'deeper'))
    expect(await storage.read('none')).to.equal(null)
    expect(await storage.readAt('none', 0, 1)).to.equal(null)
    expect(await storage.size('none')).to.equal(null)
    await storage.remove('none')
  })
})
