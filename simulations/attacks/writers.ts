/** The table as CSV, JSON and Markdown. */
import type { RuleName } from '../../consensus/aggregation/index.ts'
import type { Interval } from './statistics.ts'
import type { AttackCase, Cell } from './types.ts'

/** What counts as damage: the loss of the clean training and this share of it more, beyond the confidence interval. */
export const DAMAGE_SHARE = 0.05

export function tableAsJson(cells: readonly Cell[]): string {
  return `${JSON.stringify(cells, null, 1)}\n`
}

const CSV_COLUMNS: readonly (readonly [string, (cell: Cell) => string | number | null])[] = [
  ['n', ({ replicas }) => replicas],
  ['f', ({ faults }) => faults],
  ['data', ({ data }) => data],
  ['beta1', ({ beta1 }) => beta1],
  ['rule', ({ rule }) => rule],
  ['attack', ({ attack }) => attack ?? 'none'],
  ['parameters', ({ parameters }) => parametersAsText(parameters)],
  ['seeds', ({ losses }) => losses.length],
  ['rounds', ({ rounds }) => rounds],
  ['tokens', ({ tokens }) => tokens],
  ['loss', ({ loss }) => loss.mean],
  ['loss_half_width_95', ({ loss }) => loss.halfWidth],
  ['harm', ({ harm }) => harm.mean],
  ['harm_half_width_95', ({ harm }) => harm.halfWidth],
  ['refused_commits', ({ refused }) => refused],
]

export function tableAsCsv(cells: readonly Cell[]): string {
  const rows = cells.map(cell => CSV_COLUMNS.map(([, value]) => value(cell) ?? '').join(','))
  return `${[CSV_COLUMNS.map(([name]) => name).join(','), ...rows].join('\n')}\n`
}

/** One row a setting and attack, one column a rule. */
export function tableAsMarkdown(cells: readonly Cell[]): string {
  const rules = [...new Set(cells.map(({ rule }) => rule))]
  const rows = [...Map.groupBy(cells, rowKey).values()].map(row => markdownRow(row, rules))
  return markdownTable(['n', 'f', 'data', 'beta1', 'attack', ...rules], rows)
}

/** One row a setting, one column a rule: the attack that hurt it most. */
export function worstAsMarkdown(cells: readonly Cell[]): string {
  const rules = [...new Set(cells.map(({ rule }) => rule))]
  const rows = [...Map.groupBy(cells, settingKey).values()].map(group => {
    const { replicas, faults, data, beta1 } = group[0]!
    const worst = rules.map(rule => worstAsText(group.filter(cell => cell.rule === rule && cell.attack !== null)))
    return [replicas, faults, data, beta1, ...worst].map(String)
  })
  return markdownTable(['n', 'f', 'data', 'beta1', ...rules], rows)
}

/** Whether the attack costs more than `DAMAGE_SHARE` of the clean loss, the whole confidence interval beyond it. */
export function isDamaged({ harm, loss }: Cell): boolean {
  return harm.mean - (harm.halfWidth ?? 0) > DAMAGE_SHARE * (loss.mean - harm.mean)
}

function rowKey(cell: Cell): string {
  return [settingKey(cell), caseAsText(cell)].join('|')
}

function settingKey({ replicas, faults, data, beta1 }: Cell): string {
  return [replicas, faults, data, beta1].join('|')
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${[header, header.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')}\n`
}

function worstAsText(cells: readonly Cell[]): string {
  const first = cells[0]
  if (first === undefined) return ''
  const worst = cells.reduce((most, cell) => (cell.harm.mean > most.harm.mean ? cell : most), first)
  return `${worst.attack}: ${cellAsText(worst)}`
}

function caseAsText({ attack, parameters }: AttackCase): string {
  if (attack === null) return '*none*'
  return [attack, parametersAsText(parameters)].filter(text => text !== '').join(' ')
}

function markdownRow(row: readonly Cell[], rules: readonly RuleName[]): readonly string[] {
  const { replicas, faults, data, beta1 } = row[0]!
  const setting = [replicas, faults, data, beta1].map(String)
  const values = rules.map(rule => {
    const cell = row.find(each => each.rule === rule)
    return cell === undefined ? '' : cellAsText(cell)
  })
  return [...setting, caseAsText(row[0]!), ...values]
}

function cellAsText(cell: Cell): string {
  if (cell.attack === null) return withWidth(cell.loss, 3)
  const clean = cell.loss.mean - cell.harm.mean
  const share = (value: number): string => ((100 * value) / clean).toFixed(1)
  const sign = cell.harm.mean < 0 ? '' : '+'
  const width = cell.harm.halfWidth === null ? '' : ` ± ${share(cell.harm.halfWidth)}`
  const text = `${cell.loss.mean.toFixed(3)} (${sign}${share(cell.harm.mean)}${width} %)`
  return isDamaged(cell) ? `**${text}**` : text
}

function withWidth({ mean, halfWidth }: Interval, digits: number): string {
  return halfWidth === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${halfWidth.toFixed(digits)}`
}

function parametersAsText(parameters: Readonly<Record<string, number>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
