/** The table rules x attacks: final held-out loss against clean, with confidence over seeds. */
export { withTable, writePage } from './page.ts'
export { ATTACKS, publishedTable, SETTINGS } from './settings.ts'
export { attackTable, cellCount } from './table.ts'
export type { AttackCase, AttackTableOptions, Cell, DataSplit, Setting } from './types.ts'
export { isDamaged, tableAsCsv, tableAsJson, tableAsMarkdown, worstAsMarkdown } from './writers.ts'
