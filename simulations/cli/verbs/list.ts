/** `swarm-sim list`: what there is. */
import type { Harness } from '../../harness.ts'
import type { Call } from '../call.ts'
import { EXIT, SimError } from '../exit.ts'
import { namesOf, nearest, scenarioNamed } from '../reference.ts'
import { type Table, tableCsv, tableText } from '../table.ts'

type What = 'scenarios' | 'faults' | 'attackers' | 'checkers' | 'states'

const TABLES: Record<What, (harness: Harness) => Table> = {
  scenarios: harness => ({
    columns: ['scenario', 'tiers', 'peers', 'what it shows'],
    rows: namesOf(harness).map(name => {
      const { tiers, swarm, about } = scenarioNamed(harness, name, 1)
      const peers = harness.mixes.includes(name) ? 'by seed' : `${swarm.stages} x ${swarm.replicas}`
      return [name, tiers.join(' '), peers, about]
    }),
  }),
  faults: ({ faults }) => named('fault', faults),
  attackers: ({ attackers }) => named('attacker', attackers),
  checkers: ({ checkers }) => ({
    columns: ['checker', 'kind', 'tiers', 'promise'],
    rows: checkers.map(({ name, kind, tiers, about }) => [name, kind, tiers.join(' '), about]),
  }),
  states: ({ states }) => named('state', states),
}

function named(what: string, list: readonly { readonly name: string; readonly about: string }[]): Table {
  return { columns: [what, 'what it is'], rows: list.map(({ name, about }) => [name, about]) }
}

export async function run({ words, settings, harness, surroundings }: Call): Promise<number> {
  const what = words[0] ?? 'scenarios'
  if (!Object.hasOwn(TABLES, what)) {
    const known = Object.keys(TABLES)
    throw new SimError(`there are no '${what}' to list${nearest(what, known)}`, 'swarm-sim list --help')
  }
  const table = TABLES[what as What](harness)
  if (settings.json) {
    const objects = table.rows.map(row => Object.fromEntries(table.columns.map((column, i) => [column, row[i]])))
    surroundings.print(JSON.stringify({ kind: 'list', what, rows: objects }))
  } else surroundings.print(settings.csv ? tableCsv(table) : tableText(table))
  return EXIT.valid!
}
