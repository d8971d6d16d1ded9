/** The published page: what stands between its two marks is the table's, the words around it are written by hand. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Cell } from './types.ts'
import { tableAsCsv, tableAsMarkdown, worstAsMarkdown } from './writers.ts'

export const BEGIN_MARK = '<!-- written by simulations/attacks/main.ts --write -->'
export const END_MARK = '<!-- end -->'

const PAGE = fileURLToPath(new URL('../../docs/research/attacks.md', import.meta.url))
const CSV = fileURLToPath(new URL('../../docs/research/attacks.csv', import.meta.url))

export async function writePage(cells: readonly Cell[]): Promise<void> {
  await writeFile(PAGE, withTable(await readFile(PAGE, 'utf8'), cells))
  await writeFile(CSV, tableAsCsv(cells))
}

/** @throws Error where a mark is missing */
export function withTable(page: string, cells: readonly Cell[]): string {
  const begin = page.indexOf(BEGIN_MARK)
  const end = page.indexOf(END_MARK)
  if (begin < 0 || end < begin) throw new Error(`docs/research/attacks.md lacks "${BEGIN_MARK}" or "${END_MARK}"`)
  return `${page.slice(0, begin)}${BEGIN_MARK}\n\n${generated(cells)}\n${page.slice(end)}`
}

function generated(cells: readonly Cell[]): string {
  const { rounds, losses } = cells[0]!
  const tokens = [...Map.groupBy(cells, ({ replicas }) => replicas)].map(
    ([n, [cell]]) => `${cell!.tokens} with n = ${n}`,
  )
  return [
    `${rounds} rounds; tokens: ${tokens.join(', ')}; seeds: ${losses.length}.`,
    '## The worst lie for each rule',
    worstAsMarkdown(cells),
    '## The whole table',
    tableAsMarkdown(cells),
  ].join('\n\n')
}
