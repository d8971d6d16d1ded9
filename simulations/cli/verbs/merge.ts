/** `swarm-sim merge`: the results of a sweep's shards as one. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { judge, mergeResults, missingShards, type SweepResult } from '../../sweep/tally.ts'
import { TRACE_VERSION } from '../../version.ts'
import type { Call } from '../call.ts'
import { EXIT, SimError } from '../exit.ts'
import { sweepTable, sweepText } from '../sweep-text.ts'
import { tableCsv } from '../table.ts'

export async function run(call: Call): Promise<number> {
  const { settings, surroundings, paint } = call
  const results = call.words.map(word => readResult(resolve(surroundings.folder, word), word))
  const merged = mergeOrSay(results)
  const missing = missingShards(merged)
  const judged = judge(merged, missing)
  if (settings.json) surroundings.print(JSON.stringify({ ...judged, ...merged }))
  else surroundings.print(settings.csv ? tableCsv(sweepTable(merged)) : sweepText(paint, merged, missing))
  return EXIT[judged.verdict]!
}

function mergeOrSay(results: readonly SweepResult[]): SweepResult {
  try {
    return mergeResults(results)
  } catch (cause) {
    throw new SimError((cause as Error).message, 'swarm-sim merge with the files of one sweep', { cause })
  }
}

const WRITE_IT = 'swarm-sim sweep standard --seeds 1000 --shard 0/4 --json > shard-0.json'

function readResult(file: string, word: string): SweepResult {
  let value: Partial<SweepResult> | null
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const why = (cause as Error).message
    throw new SimError(`cannot read the result of a shard from ${word}: ${why}; was that shard stopped?`, WRITE_IT, {
      cause,
    })
  }
  if (value?.kind !== 'sweep' || !Array.isArray(value.scenarios) || !Array.isArray(value.shards)) {
    throw new SimError(`${word} is not what 'sweep --json' prints`, WRITE_IT)
  }
  if (value.maker?.trace !== TRACE_VERSION) {
    const version = value.maker?.trace ?? 'unknown'
    throw new SimError(`${word} is of trace version ${version}; this program reads version ${TRACE_VERSION}`, WRITE_IT)
  }
  return value as SweepResult
}
