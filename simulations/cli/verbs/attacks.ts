/** `swarm-sim attacks`: rules against attacks, every cell a real training. */
import { attackTable, type Cell, cellCount, publishedTable, tableAsCsv, tableAsMarkdown } from '../../attacks/index.ts'
import { writePage } from '../../attacks/page.ts'
import type { AttackTableOptions } from '../../attacks/types.ts'
import { ProgressBar } from '../../sweep/progress.ts'
import type { Call } from '../call.ts'
import { EXIT, SimError } from '../exit.ts'
import { nearest } from '../reference.ts'

export async function run(call: Call): Promise<number> {
  const { settings, surroundings } = call
  const options = chosen(call)
  const total = cellCount(options)
  const progress = new ProgressBar(surroundings.terminal)
  const beganMs = performance.now()
  const cells: Cell[] = []
  try {
    for await (const cell of attackTable(options)) {
      cells.push(cell)
      const elapsedMs = performance.now() - beganMs
      progress.show({ what: 'cells', done: cells.length, total, elapsedMs, limitMs: null, violated: 0, unknown: 0 })
    }
  } finally {
    progress.clear()
  }
  if (settings.write) await writePage(cells)
  if (settings.json) surroundings.print(JSON.stringify({ kind: 'attacks', cells }))
  else surroundings.print((settings.csv ? tableAsCsv(cells) : tableAsMarkdown(cells)).trimEnd())
  return EXIT.valid!
}

function chosen({ settings, surroundings }: Call): AttackTableOptions {
  const table = publishedTable(surroundings.signal)
  const { seeds = table.seeds, rounds = table.rounds, replicas } = settings
  return {
    ...table,
    seeds,
    rounds,
    settings: among(table.settings, replicas?.toString(), setting => String(setting.replicas), 'replicas'),
    rules: among(table.rules, settings.rules, name => name, 'rules'),
    attacks: among(table.attacks, settings.lies, ({ attack }) => attack ?? 'none', 'lies'),
  }
}

/** Those that are named; all where none is. @throws SimError for a name that is none */
function among<Item>(all: readonly Item[], wanted: string | undefined, name: (item: Item) => string, option: string) {
  if (wanted === undefined) return all
  const names = wanted.split(',')
  const known = [...new Set(all.map(name))]
  const stranger = names.find(one => !known.includes(one))
  if (stranger !== undefined) {
    throw new SimError(
      `--${option}: there is no '${stranger}'${nearest(stranger, known)}`,
      `one of ${known.join(', ')}`,
    )
  }
  return all.filter(item => names.includes(name(item)))
}
