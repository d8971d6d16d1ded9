import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Guard } from '../../../simulations/tier2/guard.ts'
import { allGone, isAlive } from '../../e2e/harness/processes.ts'

const PARENT = fileURLToPath(new URL('./frozen-child.ts', import.meta.url))

describe('the guard of frozen processes', () => {
  it('lets them end with a parent that was killed', async () => {
    const parent = spawn(process.execPath, [PARENT], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(String(line))
    expect(isAlive(pid)).to.equal(true)
    parent.kill('SIGKILL')
    await allGone([pid], 10_000)
  })

  it('ends when it is told to', async () => {
    const guard = new Guard()
    guard.watch(process.pid)
    await guard.close()
  })
})
