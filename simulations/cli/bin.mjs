#!/usr/bin/env node
// The `swarm-sim` command. It runs from its sources, which Node reads as they are since 22.18: who changes a checker or an
// attacker runs the change, with nothing to build. Where the installed Node is older, this program runs itself again under
// the npm package `node`, as `swarm-node` does.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const OLDEST = [22, 18]
const program = fileURLToPath(new URL('main.ts', import.meta.url))
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) {
  await import('./main.ts')
} else {
  const packageFile = createRequire(import.meta.url).resolve('node/package.json')
  const newer = join(dirname(packageFile), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  const child = spawn(newer, [program, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    console.error(
      `swarm-sim needs Node ${OLDEST.join('.')} or newer, this is ${process.version}, and ${newer} does not start: ${error.message}\nNext: npm ci`,
    )
    process.exitCode = 2
  })
  child.on('exit', code => {
    process.exitCode = code ?? 2
  })
}
