import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { FolderLocked, lockDataFolder } from '../../../node/identity/index.ts'
import { startOf } from '../../../node/identity/lock.ts'

const CHILD = fileURLToPath(new URL('./lock-child.ts', import.meta.url))
const UUID = '00000000-0000-4000-8000-000000000000'

describe('lockDataFolder', () => {
  let folder: string
  let children: ChildProcess[]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarm-lock-'))
    children = []
  })
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL')
    await rm(folder, { recursive: true })
  })

  const refusal = (): Promise<unknown> =>
    lockDataFolder(folder).then(
      () => null,
      error => error,
    )
  const start = async () => {
    const child = spawn(process.execPath, [CHILD, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
    children.push(child)
    await once(child.stdout, 'data')
    const race = async (): Promise<string> => {
      child.stdin.write('go')
      return String((await once(child.stdout, 'data'))[0]).trim()
    }
    return { child, race }
  }

  it('creates the folder, and leaves nothing in it after the release', async () => {
    const lock = await lockDataFolder(join(folder, 'new'))
    expect(await readdir(join(folder, 'new'))).to.have.length(1)
    await lock.release()
    await lock.release()
    expect(await readdir(join(folder, 'new'))).to.deep.equal([])
  })

  it('refuses a second lock and names the process', async () => {
    const lock = await lockDataFolder(folder)
    const error = await refusal()
    expect(error).to.be.instanceOf(FolderLocked)
    expect(error).to.include({ pid: process.pid, exit: 'data' })
    await lock.release()
    await (await lockDataFolder(folder)).release()
  })

  it('refuses a lock of another live process, and takes it when that was killed', async () => {
    const { child, race } = await start()
    expect(await race()).to.equal('won')
    expect(await refusal()).to.include({ pid: child.pid })
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await lockDataFolder(folder)).release()
    expect(await readdir(folder)).to.deep.equal([])
  })

  it('takes a lock whose process id was given to another process', async () => {
    await writeFile(join(folder, `lock.${process.pid}.0000000000000000.${UUID}`), '')
    // Where the platform does not tell start times, a live id counts as the same process.
    if (startOf(process.pid) === 'unknown') expect(await refusal()).to.be.instanceOf(FolderLocked)
    else await (await lockDataFolder(folder)).release()
  })

  it('leaves other files alone, whatever their names', async () => {
    const names = ['lock', 'lock.0.0000000000000000.x', 'lock.txt', 'peer.key']
    for (const name of names) await writeFile(join(folder, name), '')
    await (await lockDataFolder(folder)).release()
    expect((await readdir(folder)).sort()).to.deep.equal(names)
  })

  it('lets exactly one of many racing attempts win, stale locks or not', async () => {
    for (let repeat = 0; repeat < 3; repeat++) {
      await writeFile(join(folder, `lock.999999999.0000000000000000.${UUID}`), '')
      const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataFolder(folder)))
      const wins = attempts.filter(attempt => attempt.status === 'fulfilled')
      expect(wins).to.have.length(1)
      expect(await refusal()).to.be.instanceOf(FolderLocked)
      await wins[0]?.value.release()
    }
  })

  it('lets exactly one of four racing processes win over a stale lock', async () => {
    await writeFile(join(folder, `lock.999999999.0000000000000000.${UUID}`), '')
    const racers = await Promise.all(Array.from({ length: 4 }, start))
    const results = await Promise.all(racers.map(({ race }) => race()))
    expect(results.sort()).to.deep.equal(['lost', 'lost', 'lost', 'won'])
  })
})
