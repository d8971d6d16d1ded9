/** Longer sweeps, determinism, another Node major, and a swarm of 10,000 peers. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ScaleRow } from '../../simulations/scale/scale.ts'
import { type SweepResult, seedsDone } from '../../simulations/sweep/tally.ts'
import { command } from './commands.ts'
import type { LongCheck } from './types.ts'

const PROGRAM = fileURLToPath(new URL('../../simulations/cli/main.ts', import.meta.url))
const SWEEP_TIME = '30m'
const DETERMINISTIC_SEEDS = 1000
/** Other than the one that `npm ci` brings. */
const OTHER_MAJOR = 22
const BIG_SWARM = { peers: 10_000, rounds: 10, minutes: 10, bytes: 8e9 }

/** The JSON object that a verb prints; rejects unless its verdict is valid. */
export async function swarmSim<Result>(...args: readonly string[]): Promise<Result> {
  return JSON.parse(await command(process.execPath, [PROGRAM, ...args, '--json']))
}

export const sweep: LongCheck = {
  name: 'sweep',
  claim: `the standard mix of simulations holds for ${SWEEP_TIME}, and reaches what it is there for`,
  async run() {
    const result = await swarmSim<SweepResult & { sentence: string }>('sweep', 'standard', '--time', SWEEP_TIME)
    const virtualHours = result.scenarios.reduce((sum, { virtualMs }) => sum + virtualMs, 0) / 3.6e6
    return `${result.sentence}; ${Math.round(seedsDone(result) / (result.wallMs / 1000))} seeds/s, ${Math.round(virtualHours)} virtual hours`
  },
}

export const determinism: LongCheck = {
  name: 'determinism',
  claim: `${DETERMINISTIC_SEEDS} seeds of the standard mix run twice give equal trace hashes`,
  run: () => twice(),
}

export const otherNode: LongCheck = {
  name: 'other-node',
  claim: `and also where Node ${OTHER_MAJOR} makes the second run`,
  async run() {
    const other = await otherNodeProgram()
    return `${await twice('--node', other.path)} (${process.version} and ${other.version})`
  },
}

export const bigSwarm: LongCheck = {
  name: 'big-swarm',
  claim: `${BIG_SWARM.peers} peers train ${BIG_SWARM.rounds} rounds on tier 0 in ${BIG_SWARM.minutes} minutes within 8 GB`,
  async run() {
    const { peers, rounds } = BIG_SWARM
    const { rows } = await swarmSim<{ rows: ScaleRow[] }>('scale', '--peers', String(peers), '--rounds', String(rounds))
    const [row] = rows
    if (row === undefined) throw new Error('nothing was measured')
    const minutes = row.rounds / row.roundsPerSecond / 60
    const work = `${row.microBatchesPerRound.toFixed(0)} micro-batches a round through ${row.stages} stages`
    const saw = `${row.rounds} rounds in ${minutes.toFixed(1)} minutes, ${work}, ${(row.memoryBytes / 1e9).toFixed(1)} GB`
    if (row.microBatchesPerRound === 0) throw new Error(saw)
    if (row.rounds < rounds || minutes > BIG_SWARM.minutes || row.memoryBytes > BIG_SWARM.bytes) throw new Error(saw)
    return saw
  },
}

async function twice(...args: readonly string[]): Promise<string> {
  const seeds = String(DETERMINISTIC_SEEDS)
  const { sentence } = await swarmSim<{ sentence: string }>('determinism', 'standard', '--seeds', seeds, ...args)
  return sentence
}

/** The npm package `node` in npm's own cache: as a dependency of ours it would stand in the way of the one that is. */
async function otherNodeProgram(): Promise<{ path: string; version: string }> {
  const args = ['--yes', '--package', `node@${OTHER_MAJOR}`, 'node', '-p', 'process.execPath + " " + process.version']
  const { stdout } = await promisify(execFile)('npx', args)
  const [path = '', version = ''] = stdout.trim().split(' ')
  if (!version.startsWith(`v${OTHER_MAJOR}.`)) throw new Error(`npx brought ${stdout.trim()}`)
  return { path, version }
}
