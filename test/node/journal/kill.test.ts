import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const LIVES = 6

/** Signatures that the child gave out until it was killed after the `lines`th; also what was under way then. */
async function live(folder: string, life: number, lines: number): Promise<string[]> {
  const script = fileURLToPath(new URL('child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--no-warnings', script, folder, String(life)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise(resolve => child.once('close', resolve))
  const said: string[] = []
  createInterface(child.stdout).on('line', line => {
    said.push(line)
    if (said.length === lines) child.kill('SIGKILL')
  })
  await ended
  return said
}

describe('node/journal: kill -9', () => {
  it('never gives two signatures for a slot, wherever it is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'journal-'))
    try {
      const bySlot = new Map<string, Set<string>>()
      for (let life = 1; life <= LIVES; life++) {
        const lines = await live(folder, life, 1 + Math.floor(Math.random() * 150))
        expect(lines.length).to.be.above(0)
        for (const line of lines) {
          const [slot = '', said = ''] = line.split(' ')
          bySlot.set(slot, (bySlot.get(slot) ?? new Set()).add(said))
        }
      }
      for (const [slot, said] of bySlot) expect([...said], slot).to.have.length(1)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
