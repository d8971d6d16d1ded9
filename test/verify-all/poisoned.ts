/** Lies that look like honest values, told by real processes: minutes of training, so not part of every change. */
import { fileURLToPath } from 'node:url'
import { command } from './commands.ts'
import type { LongCheck } from './types.ts'

const MOCHA = fileURLToPath(new URL('../../node_modules/mocha/bin/mocha.js', import.meta.url))
const SETUP = fileURLToPath(new URL('../e2e/harness/setup.ts', import.meta.url))
const TESTS = fileURLToPath(new URL('../e2e/liars/poisoned.test.ts', import.meta.url))
const TIMEOUT_MS = 180_000

export const poisoned: LongCheck = {
  name: 'poisoned',
  claim:
    'with poisoned activations, gradients or commits of real liars the held-out loss stays within 1.1 x the clean run’s',
  async run() {
    const options = ['--no-config', '--exit', '--require', SETUP, '--timeout', String(TIMEOUT_MS)]
    const output = await command(process.execPath, [MOCHA, ...options, TESTS])
    const losses = output.split('\n').filter(line => line.includes('nats a byte'))
    return losses.map(line => line.trim()).join('; ')
  },
}
