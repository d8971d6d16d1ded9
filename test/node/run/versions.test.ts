import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from '@ipld/dag-cbor'
import { expect } from 'chai'
import { ExitError } from '../../../node/cli/exit.ts'
import { otherVersion } from '../../../node/network/versions.ts'
import { readRun } from '../../../node/run/folder.ts'
import { checkFolderVersion, FOLDER_VERSION, openFolderVersion } from '../../../node/run/folder-version.ts'
import { UPGRADE_COMMAND } from '../../../node/run/upgrade.ts'

function exitOf(action: () => unknown): ExitError {
  try {
    action()
  } catch (error) {
    if (error instanceof ExitError) return error
    throw error
  }
  throw new Error('it was not refused')
}

describe('versions that do not fit', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarm-version-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  const has = (text: string | number) => writeFileSync(join(folder, 'version'), `${text}\n`)
  const version = () => readFileSync(join(folder, 'version'), 'utf8').trim()

  describe('of a data folder', () => {
    it('are marked when a folder is begun, and taken afterwards', () => {
      openFolderVersion(folder)
      expect(version()).to.equal(String(FOLDER_VERSION))
      openFolderVersion(folder)
      checkFolderVersion(folder)
    })

    it('count as the first where a peer ran before there was such a mark', () => {
      writeFileSync(join(folder, 'identity.key'), '')
      expect(exitOf(() => openFolderVersion(folder, {}, 2)).message).to.include('an older swarm-node (layout 1')
    })

    it('are refused where the folder is newer, with the command that upgrades, and nothing is changed', () => {
      has(FOLDER_VERSION + 1)
      for (const open of [openFolderVersion, checkFolderVersion]) {
        const exit = exitOf(() => open(folder))
        expect(exit).to.include({ exit: 'configuration', next: UPGRADE_COMMAND })
        expect(exit.message).to.include('a newer swarm-node')
      }
      expect(version()).to.equal(String(FOLDER_VERSION + 1))
    })

    it('are migrated one after the other where there is a way, and only read from otherwise', () => {
      has(1)
      const steps: number[] = []
      const migrations = { 1: () => steps.push(1), 2: () => steps.push(2) }
      expect(exitOf(() => checkFolderVersion(folder, 3)).next).to.match(/keep identity\.key/)
      openFolderVersion(folder, migrations, 3)
      expect(steps).to.deep.equal([1, 2])
      expect(version()).to.equal('3')
    })

    it('say how to go on where there is no way, after the steps that there are', () => {
      has(1)
      expect(exitOf(() => openFolderVersion(folder, { 1: () => undefined }, 3)).next).to.match(/join again/)
      expect(version()).to.equal('2')
    })

    it('are refused where the mark is damaged', () => {
      for (const text of ['', '0', '-1', '1.5', 'x', '99999999']) {
        has(text)
        expect(exitOf(() => openFolderVersion(folder)).exit).to.equal('data')
      }
      expect(existsSync(join(folder, 'version.new'))).to.equal(false)
    })
  })

  describe('of a manifest', () => {
    const read = (manifest: unknown) => {
      const path = join(folder, 'manifest.cbor')
      writeFileSync(path, encode(manifest))
      return exitOf(() => readRun(path))
    }

    it('are refused: a newer one with the command that upgrades', () => {
      const exit = read({ version: 2, anything: true })
      expect(exit).to.include({ exit: 'configuration', next: UPGRADE_COMMAND })
      expect(exit.message).to.include('version 2, this swarm-node speaks 1')
    })

    it('are refused: an older one with the program that it was made for', () => {
      expect(read({ version: 0 }).next).to.match(/the swarm-node that the run was begun with/)
    })
  })

  describe('of a peer’s protocols', () => {
    const ours = ['/swarm-node/kad/1.0.0', '/swarm-node/agreement/1.0.0', '/ipfs/id/1.0.0']

    it('are noticed, with who is older', () => {
      expect(otherVersion(['/swarm-node/agreement/2.0.0'], ours)).to.deep.equal({
        protocol: 'agreement',
        theirs: '2.0.0',
        ours: '1.0.0',
        older: 'we',
      })
      expect(otherVersion(['/swarm-node/agreement/0.9.10'], ours)).to.include({ older: 'they' })
      expect(otherVersion(['/swarm-node/agreement/1.10.0', '/swarm-node/agreement/1.9.0'], ours)).to.include({
        theirs: '1.10.0',
      })
    })

    it('fit where one version is common, and where a protocol is not ours at all', () => {
      expect(otherVersion(['/swarm-node/agreement/2.0.0', '/swarm-node/agreement/1.0.0'], ours)).to.equal(null)
      expect(otherVersion(['/swarm-node/other/9.0.0', '/ipfs/id/9.0.0', 'x', ''], ours)).to.equal(null)
    })
  })
})
