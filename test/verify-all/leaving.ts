/** A seat that is given up and one that pauses, with real processes: some epochs of a chain, so not part of every change. */
import { fileURLToPath } from 'node:url'
import { command } from './commands.ts'
import type { LongCheck } from './types.ts'

const MOCHA = fileURLToPath(new URL('../../node_modules/mocha/bin/mocha.js', import.meta.url))
const SETUP = fileURLToPath(new URL('../e2e/harness/setup.ts', import.meta.url))
const TESTS = ['leave', 'pause'].map(name => fileURLToPath(new URL(`../e2e/elastic/${name}.test.ts`, import.meta.url)))
const TIMEOUT_MS = 300_000

export const leaving: LongCheck = {
  name: 'leaving',
  claim:
    'a peer that leaves waits for a replacement and ends by itself; one that pauses keeps its seat and holds nobody up',
  async run() {
    const options = ['--no-config', '--exit', '--require', SETUP, '--timeout', String(TIMEOUT_MS)]
    const output = await command(process.execPath, [MOCHA, ...options, ...TESTS])
    return output
      .split('\n')
      .filter(line => line.includes('passing'))
      .map(line => line.trim())
      .join('; ')
  },
}
