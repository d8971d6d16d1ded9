#!/usr/bin/env node
// The `swarm-node` command. libp2p 3 needs Node >= 22; where the installed one is older, the npm package `node`, which is a
// dependency, supplies a newer one and this program runs itself again under it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const OLDEST_MAJOR = 22
const program = fileURLToPath(new URL('../../dist/swarm-node.js', import.meta.url))

if (!existsSync(program)) {
  console.error(`swarm-node is not built: ${program} is missing.\nNext: npm ci`)
  process.exit(70)
}
if (Number(process.versions.node.split('.')[0]) >= OLDEST_MAJOR) {
  await import(pathToFileURL(program).href)
} else {
  const packageFile = createRequire(import.meta.url).resolve('node/package.json')
  const newer = join(dirname(packageFile), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  // The inner program watches for our death by itself (SWARM_WRAPPER_PID), since kill -9 gives us no chance to tell it.
  const child = spawn(newer, [program, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, SWARM_WRAPPER_PID: String(process.pid) },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    console.error(
      `swarm-node needs Node ${OLDEST_MAJOR} or newer, this is ${process.version}, and ${newer} does not start: ${error.message}\nNext: npm ci`,
    )
    process.exitCode = 70
  })
  child.on('exit', code => {
    process.exitCode = code ?? 70
  })
}
