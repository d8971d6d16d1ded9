import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { folderDisk } from '../../../node/peer/disk.ts'

describe('the disk of a peer that has moved', () => {
  let folder: string
  const put = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const read = (path: string): string | null =>
    existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : null

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarm-moved-'))
    for (const part of ['journal', 'rounds']) put(`${part}/old`, 'of stage 0')
    put('identity.key', 'stays')
    folderDisk(folder).noteSeat(0)
    for (const part of ['journal', 'rounds']) put(`moving/${part}/new`, 'of stage 1')
    folderDisk(folder).moving().noteSeat(1)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function expectMoved(): void {
    const disk = folderDisk(folder)
    expect(disk.seat()).to.equal(1)
    expect(disk.moving().seat()).to.equal(null)
    for (const part of ['journal', 'rounds']) {
      expect(read(`${part}/new`)).to.equal('of stage 1')
      expect(read(`${part}/old`)).to.equal(null)
    }
    expect(read('identity.key')).to.equal('stays')
    expect(existsSync(join(folder, 'moving'))).to.equal(false)
  }

  it('is that of the other stage, and nothing of the first one', () => {
    const disk = folderDisk(folder)
    expect([disk.seat(), disk.moving().seat()]).to.deep.equal([0, 1])
    disk.takeMoved()
    expectMoved()
  })

  for (const [what, interrupt] of [
    ['the journal was removed', () => rmSync(join(folder, 'journal'), { recursive: true })],
    [
      'the journal was there',
      () => {
        rmSync(join(folder, 'journal'), { recursive: true })
        put('journal/new', 'of stage 1')
        rmSync(join(folder, 'moving/journal'), { recursive: true })
      },
    ],
  ] as const) {
    it(`is so too where it was interrupted when ${what}`, () => {
      interrupt()
      folderDisk(folder).takeMoved()
      expectMoved()
    })
  }
})
