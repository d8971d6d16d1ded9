/** `swarm-sim pipeline`: how much of the time the machines of a scenario compute, and what they wait for. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { deepPipeline } from '../../pipeline/deep-pipeline.ts'
import { gantt } from '../../pipeline/gantt.ts'
import { measurePipeline } from '../../pipeline/measure.ts'
import { pipelineTable, utilisation } from '../../pipeline/table.ts'
import type { Call } from '../call.ts'
import { EXIT, SimError } from '../exit.ts'
import { scenarioNamed } from '../reference.ts'
import { tableCsv, tableText } from '../table.ts'

export async function run({ words, settings, harness, surroundings }: Call): Promise<number> {
  const seed = settings.seed ?? 1
  const scenario = harness.draw(words[0] === undefined ? deepPipeline : scenarioNamed(harness, words[0], seed), seed)
  const reading = await measurePipeline(await harness.tier(0), scenario, surroundings)
  const { result, shares, total, meanRoundMs, rounds } = reading
  if (rounds.length === 0) {
    const cause = `no round after the first was finished: ${result.verdict.sentence}`
    throw new SimError(cause, 'swarm-sim list')
  }
  if (settings.out !== undefined) await writeFile(resolve(surroundings.folder, settings.out), gantt(reading))
  const used = utilisation(total)
  if (settings.json) {
    surroundings.print(
      JSON.stringify({
        kind: 'pipeline',
        scenario: scenario.name,
        seed,
        utilisation: used,
        meanRoundMs,
        shares,
        total,
      }),
    )
  } else if (settings.csv) surroundings.print(tableCsv(pipelineTable(reading)))
  else {
    const { stages, replicas } = scenario.swarm
    const sentence = `${scenario.name}: machines compute ${(100 * used).toFixed(1)} % of the time; ${stages} x ${replicas} peers, rounds of ${(meanRoundMs / 1000).toFixed(1)} s`
    surroundings.print(`${tableText(pipelineTable(reading))}\n\n${sentence}`)
  }
  return EXIT[result.verdict.verdict] ?? EXIT.unknown!
}
