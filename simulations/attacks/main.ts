/**
 * `node simulations/attacks/main.ts [--write]`: trains the whole table and prints it, or writes it into docs/research/attacks.md
 * and attacks.csv beside it. Progress goes to stderr. A cell that is asked for alone takes seconds.
 */
import { parseArgs } from 'node:util'
import { RULES } from '../../consensus/aggregation/index.ts'
import { attackTable, type Cell, cellCount, publishedTable, tableAsCsv, tableAsJson, tableAsMarkdown } from './index.ts'
import { writePage } from './page.ts'
import type { AttackTableOptions } from './types.ts'

const OPTIONS = {
  write: { type: 'boolean', default: false },
  format: { type: 'string', default: 'markdown' },
  seeds: { type: 'string' },
  rounds: { type: 'string' },
  rules: { type: 'string' },
  attacks: { type: 'string' },
  seats: { type: 'string' },
} as const

const FORMATS: Readonly<Record<string, (cells: readonly Cell[]) => string>> = {
  markdown: tableAsMarkdown,
  csv: tableAsCsv,
  json: tableAsJson,
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS })
  const format = FORMATS[values.format]
  if (format === undefined) throw new RangeError(`--format is one of ${Object.keys(FORMATS).join(', ')}`)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
  }
  const options = chosen(publishedTable(stop.signal), values)
  const cells: Cell[] = []
  const total = cellCount(options)
  const startMs = performance.now()
  for await (const cell of attackTable(options)) {
    cells.push(cell)
    const leftMinutes = ((performance.now() - startMs) / cells.length) * (total - cells.length) * MINUTES
    process.stderr.write(`${cells.length}/${total}, ${leftMinutes.toFixed(0)} minutes left: ${cellInWords(cell)}\n`)
  }
  if (values.write) await writePage(cells)
  else process.stdout.write(format(cells))
}

const MINUTES = 1 / 60_000

function chosen(
  table: AttackTableOptions,
  values: { readonly [K in 'seeds' | 'rounds' | 'rules' | 'attacks' | 'seats']?: string | undefined },
): AttackTableOptions {
  const among = <T>(
    all: readonly T[],
    wanted: string | undefined,
    name: (of: T) => string,
    what: string,
  ): readonly T[] => {
    if (wanted === undefined) return all
    const names = wanted.split(',')
    const unknown = names.find(each => !all.some(of => name(of) === each))
    if (unknown !== undefined) throw new RangeError(`--${what}: there is no "${unknown}"`)
    return all.filter(of => names.includes(name(of)))
  }
  return {
    ...table,
    seeds: wholeNumber(values.seeds, 'seeds') ?? table.seeds,
    rounds: wholeNumber(values.rounds, 'rounds') ?? table.rounds,
    rules: among(table.rules, values.rules, name => RULES[name].name, 'rules'),
    attacks: among(table.attacks, values.attacks, ({ attack }) => attack ?? 'none', 'attacks'),
    settings: among(table.settings, values.seats, ({ replicas }) => String(replicas), 'seats'),
  }
}

function wholeNumber(text: string | undefined, name: string): number | null {
  if (text === undefined) return null
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > MAX_NUMBER) {
    throw new RangeError(`--${name} must be a whole number from 1 to ${MAX_NUMBER}, not "${text}"`)
  }
  return value
}

const MAX_NUMBER = 100_000

function cellInWords({ replicas, faults, data, beta1, rule, attack, loss, harm }: Cell): string {
  const setting = `${faults} of ${replicas}, ${data}, beta1 ${beta1}, ${rule}`
  return `${setting}, ${attack ?? 'none'}: ${loss.mean.toFixed(3)} (${harm.mean < 0 ? '' : '+'}${harm.mean.toFixed(3)})`
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof RangeError || isWrongFlag(error) ? 2 : 1
}

function isWrongFlag(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}
