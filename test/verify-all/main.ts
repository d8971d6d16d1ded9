/**
 * `npm run verify-all`: the checks that take longer than a change may wait. Writes docs/reference/verification.md, which is
 * committed. Names as arguments choose some of them.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { chainAway } from './chain-away.ts'
import { dayOfChurn } from './day.ts'
import { defaultRun } from './default-run.ts'
import { gptSmall } from './gpt-small.ts'
import { chaosGoodput, killsSimulated, killsTenMinutes } from './kills.ts'
import { learning } from './learning.ts'
import { leaving } from './leaving.ts'
import { mutants } from './mutants.ts'
import { absentTenthCheck, absentThirdCheck, halvesCheck, lossyCheck } from './numbers.ts'
import { oneKey } from './one-key.ts'
import { deepPipelineCheck } from './pipeline.ts'
import { poisoned } from './poisoned.ts'
import { pruned } from './pruned.ts'
import { quorumLost } from './quorum-lost.ts'
import { realSwarms } from './real-swarm.ts'
import { report } from './report.ts'
import { bigSwarm, determinism, otherNode, sweep } from './simulations.ts'
import { stageGone } from './stage-gone.ts'
import { tier1Determinism, tier1Learning, tier1Speed } from './tier1.ts'
import type { LongCheck } from './types.ts'

const CHECKS: readonly LongCheck[] = [
  defaultRun,
  gptSmall,
  learning,
  poisoned,
  leaving,
  sweep,
  mutants,
  determinism,
  otherNode,
  bigSwarm,
  tier1Determinism,
  tier1Learning,
  tier1Speed,
  deepPipelineCheck,
  chainAway,
  pruned,
  quorumLost,
  stageGone,
  absentTenthCheck,
  absentThirdCheck,
  lossyCheck,
  halvesCheck,
  dayOfChurn,
  chaosGoodput,
  killsSimulated,
  killsTenMinutes,
  oneKey,
  ...realSwarms,
]
const REPORT = fileURLToPath(new URL('../../docs/reference/verification.md', import.meta.url))

function readJson(file: URL): { version: string } {
  return JSON.parse(readFileSync(file, 'utf8'))
}

interface Result {
  readonly check: LongCheck
  readonly passed: boolean
  readonly saw: string
  readonly seconds: number
}

async function runCheck(check: LongCheck): Promise<Result> {
  const beganMs = performance.now()
  const seconds = () => Math.round((performance.now() - beganMs) / 1000)
  console.error(`${check.name}: ${check.claim} ...`)
  try {
    const saw = await check.run()
    return { check, passed: true, saw, seconds: seconds() }
  } catch (error) {
    return { check, passed: false, saw: error instanceof Error ? error.message : String(error), seconds: seconds() }
  }
}

const { version } = readJson(new URL('../../package.json', import.meta.url))
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
const today = new Date().toISOString().slice(0, 10)
const machine = `${type()} ${release()}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`

const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !CHECKS.some(check => check.name === name))
if (unknown.length > 0) {
  console.error(`there is no check '${unknown[0]}'; there are: ${CHECKS.map(check => check.name).join(', ')}`)
  process.exit(64)
}
const chosen = CHECKS.filter(check => wanted.length === 0 || wanted.includes(check.name))
const results: Result[] = []
for (const check of chosen) {
  const result = await runCheck(check)
  console.error(`${check.name}: ${result.passed ? 'holds' : 'DOES NOT HOLD'}: ${result.saw} (${result.seconds} s)`)
  results.push(result)
  // One by one: a long evening may be cut short.
  const line = { ...result, name: check.name, claim: check.claim, today, commit }
  writeFileSync(REPORT, report({ version, machine }, CHECKS, [line], readFileSync(REPORT, 'utf8')))
}
process.exit(results.every(({ passed }) => passed) ? 0 : 1)
