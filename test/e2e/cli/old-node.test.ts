import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import packageFile from '../../../package.json' with { type: 'json' }
import { trackProcess } from '../harness/leftovers.ts'
import { expectRefused } from './refusal.ts'

const BIN = fileURLToPath(new URL('../../../node/cli/bin.mjs', import.meta.url))
const SIM_BIN = fileURLToPath(new URL('../../../simulations/cli/bin.mjs', import.meta.url))
/** The oldest major that libp2p runs on. */
const OLDEST = 22

interface Run {
  readonly code: number | null
  readonly signal: null
  readonly output: string
  readonly errors: string
}

async function run(program: string, args: readonly string[]): Promise<Run> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  trackProcess(child)
  let output = ''
  let errors = ''
  child.stdout.on('data', data => {
    output += data
  })
  child.stderr.on('data', data => {
    errors += data
  })
  const [code] = await once(child, 'close')
  return { code, signal: null, output, errors }
}

/** A Node of the system, outside the packages, that is too old; null where there is none. */
async function oldNode(): Promise<string | null> {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const program = join(folder, name)
    if (folder.includes('node_modules') || !existsSync(program)) continue
    const { output } = await run(program, ['--version'])
    if (Number(/^v(\d+)\./.exec(output)?.[1]) < OLDEST) return program
  }
  return null
}

describe('swarm-node under a Node that is too old', () => {
  let old: string | null
  before(async function () {
    old = await oldNode()
    if (old !== null) return
    console.log(`      skipped: no Node below ${OLDEST} on the PATH`)
    this.skip()
  })

  it('runs itself again under the one that comes with the packages, with the same arguments and output', async () => {
    const { code, output, errors } = await run(old ?? '', [BIN, 'join', '--help'])
    expect(errors).to.equal('')
    expect(output).to.include('swarm-node join: run one peer of a run')
    expect(code).to.equal(0)
  })

  it('trains: the programs that it starts do not take the wrapper for their parent', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'swarm-old-'))
    const args = ['up', '--data', folder, '--stages', '1', '--replicas', '1', '--target', '1', '--rounds', '2']
    const { code, output, errors } = await run(old ?? '', [BIN, ...args])
    expect(errors).to.equal('')
    expect(output).to.match(/\nrounds +2 certified, 2 final on the chain\n/)
    expect(code).to.equal(0)
    rmSync(folder, { recursive: true })
  })

  it('ends with the same exit code and line', async () => {
    expectRefused(await run(old ?? '', [BIN, 'up', '--rouds', '3']), { exit: 'usage', says: /--rouds/, next: /--help/ })
  })

  it('tells its version, and so does swarm-sim', async () => {
    expect((await run(old ?? '', [BIN, '--version'])).output).to.equal(`swarm-node ${packageFile.version}\n`)
    expect((await run(old ?? '', [SIM_BIN, '-V'])).output).to.equal(`swarm-sim ${packageFile.version}\n`)
  })

  it('runs swarm-sim from its sources, and passes its exit code on', async () => {
    const { code, output, errors } = await run(old ?? '', [SIM_BIN, 'sweep', '--help'])
    expect(errors).to.equal('')
    expect(output).to.include('swarm-sim sweep <scenario...> [options]')
    expect(code).to.equal(0)
    const wrong = await run(old ?? '', [SIM_BIN, 'swep'])
    expect(wrong.errors).to.include("did you mean 'sweep'?\nNext: swarm-sim --help")
    expect(wrong.code).to.equal(2)
  })
})
