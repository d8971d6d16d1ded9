/** Three seeds, equal tokens: what robustness costs, and what a liar costs. */
import { command } from './commands.ts'
import type { LongCheck } from './types.ts'

interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** Null, like the next two, where it only informs. */
  readonly ratio: number | null
  readonly target: number | null
  readonly met: boolean | null
}

export const learning: LongCheck = {
  name: 'learning',
  claim: 'mean within 1 % of plain AdamW, the default rule within 3 %, with one liar a stage within 6 %',
  async run() {
    const output = await command(process.execPath, ['test/bench/main.ts', 'learning', '--json'])
    const figures = output
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line) as Figure)
    const failed = figures.filter(figure => figure.met === false)
    if (figures.length === 0 || failed.length > 0) throw new Error(failed.map(describe).join('; ') || 'no figures')
    return figures
      .filter(({ name }) => !name.startsWith('seed'))
      .map(describe)
      .join('; ')
  },
}

function describe({ name, value, unit, ratio, target }: Figure): string {
  const beside = ratio === null ? '' : ` (ratio ${ratio.toFixed(3)}, target ${target})`
  return `${name} ${value.toFixed(3)} ${unit}${beside}`
}
