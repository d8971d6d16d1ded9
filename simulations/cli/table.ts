/** Tables for people and as CSV. */

export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

/** Columns aligned, numbers to the right. */
export function tableText({ columns, rows }: Table): string {
  const cells = [columns, ...rows.map(row => row.map(shown))]
  const widths = columns.map((_, i) => Math.max(...cells.map(row => (row[i] ?? '').length)))
  const isNumber = columns.map((_, i) => rows.length > 0 && rows.every(row => typeof row[i] === 'number'))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (isNumber[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return cells.map(line).join('\n')
}

/** RFC 4180, with line feeds. */
export function tableCsv({ columns, rows }: Table): string {
  return [columns, ...rows].map(row => row.map(cell => quoted(String(cell))).join(',')).join('\n')
}

function shown(cell: string | number): string {
  if (typeof cell === 'string') return cell
  if (Number.isInteger(cell)) return cell.toLocaleString('en-US')
  return Math.abs(cell) >= 100 ? Math.round(cell).toLocaleString('en-US') : cell.toPrecision(3)
}

function quoted(cell: string): string {
  return /[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
