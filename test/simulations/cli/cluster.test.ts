import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { HARNESS } from './program.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const run = promisify(execFile)

describe('a sweep across machines', () => {
  let results: string
  before(() => {
    results = mkdtempSync(join(tmpdir(), 'swarm-sim-cluster-'))
  })
  after(() => rmSync(results, { recursive: true, force: true }))

  it('runs as the Slurm example says, and its shards are merged', async function () {
    this.timeout(60_000)
    const env = { ...process.env, SWARM_SIM_HARNESS: HARNESS, RESULTS: results, SEEDS: '4', SLURM_CPUS_PER_TASK: '1' }
    for (const index of ['0', '1']) {
      const task = { ...env, SLURM_ARRAY_TASK_ID: index, SLURM_ARRAY_TASK_COUNT: '2' }
      await run('bash', ['docs/research/examples/slurm-array.sh'], { cwd: root, env: task })
    }
    expect(readdirSync(results).toSorted()).to.deep.equal(['shard-0.json', 'shard-1.json'])
    const shards = ['shard-0.json', 'shard-1.json'].map(name => join(results, name))
    const { stdout } = await run('npx', ['swarm-sim', 'merge', ...shards], { cwd: root, env })
    expect(stdout).to.include('VALID  everything that was checked held in 4 seeds')
  })

  it('has as many pods as shards in the Kubernetes example', () => {
    const job = readFileSync(join(root, 'docs/research/examples/kubernetes-job.yaml'), 'utf8')
    const completions = /completions: (\d+)/.exec(job)?.[1]
    expect(job).to.include(`--shard "$JOB_COMPLETION_INDEX/${completions}"`)
    expect(job).to.include('completionMode: Indexed')
  })
})
