/**
 * `npm run verify-all`: the checks that take longer than a change may wait. Writes docs/reference/verification.md, which is
 * committed. Names as arguments choose some of them.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defaultRun } from './default-run.ts'
import { gptSmall } from './gpt-small.ts'
import { learning } from './learning.ts'
import { leaving } from './leaving.ts'
import { mutants } from './mutants.ts'
import { poisoned } from './poisoned.ts'
import { quorumLost } from './quorum-lost.ts'
import { realSwarms } from './real-swarm.ts'
import { bigSwarm, determinism, otherNode, sweep } from './simulations.ts'
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
  quorumLost,
  ...realSwarms,
]
const REPORT = fileURLToPath(new URL('../../docs/reference/verification.md', import.meta.url))

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

function report(results: readonly Result[], skipped: readonly LongCheck[]): string {
  const version: { version: string } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const gib = Math.round(totalmem() / 2 ** 30)
  return [
    '# Verification',
    '',
    'Written by `npm run verify-all`: what takes longer than `npm test` may.',
    '',
    `swarm-node ${version.version}, after commit ${commit}, ${new Date().toISOString().slice(0, 10)}; ${type()} ${release()}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${gib} GiB, Node ${process.version}.`,
    '',
    '| check | claim | result | seen | seconds |',
    '| --- | --- | --- | --- | --- |',
    ...results.map(
      ({ check, passed, saw, seconds }) =>
        `| ${check.name} | ${check.claim} | ${passed ? 'holds' : 'DOES NOT HOLD'} | ${saw.replaceAll('|', '/').replaceAll('\n', ' ')} | ${seconds} |`,
    ),
    ...skipped.map(check => `| ${check.name} | ${check.claim} | not run | it was not asked for | - |`),
    '',
  ].join('\n')
}

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
}
writeFileSync(
  REPORT,
  report(
    results,
    CHECKS.filter(check => !chosen.includes(check)),
  ),
)
process.exit(results.every(({ passed }) => passed) ? 0 : 1)
