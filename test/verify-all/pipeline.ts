/** How much of the time the machines of a deep pipeline compute. */
import { deepPipeline } from '../../simulations/pipeline/deep-pipeline.ts'
import { measurePipeline } from '../../simulations/pipeline/measure.ts'
import { utilisation } from '../../simulations/pipeline/table.ts'
import { drawScenario } from '../../simulations/scenario/draw.ts'
import { tier0 } from '../../simulations/tier0/index.ts'
import { percent } from './numbers.ts'
import type { LongCheck } from './types.ts'

/** One seed's rounds differ from another's by a few percent: whose lanes are short, whose last micro-batch is late. */
const SEEDS = [1, 2, 3]
const LEAST = 0.8

export const deepPipelineCheck: LongCheck = {
  name: 'pipeline',
  claim: `in a pipeline of 8 stages of 4 across the internet with a forward of 0.4 s and a backward of 0.8 s, and the forward once more in all stages but the head, machines compute ${percent(LEAST)} of the time, on average of ${SEEDS.length} seeds`,
  async run() {
    const used: number[] = []
    for (const seed of SEEDS) {
      const signal = new AbortController().signal
      const { result, total } = await measurePipeline(tier0, drawScenario(deepPipeline, seed), { signal })
      if (result.verdict.verdict !== 'valid') throw new Error(`seed ${seed}: ${result.verdict.sentence}`)
      used.push(utilisation(total))
    }
    const mean = used.reduce((sum, share) => sum + share, 0) / used.length
    const saw = `${percent(mean)} (${used.map(percent).join(', ')})`
    if (mean < LEAST) throw new Error(saw)
    return saw
  },
}
