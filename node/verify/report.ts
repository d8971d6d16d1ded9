/** How findings are written: one line a check, or one JSON object a line. Pure. */
import type { CheckReport, Extent } from './types.ts'

const LABELS = { true: 'ok', false: 'FALSE', null: '-' } as const
const LABEL_WIDTH = 5
const NAME_WIDTH = 10

/** Several lines only where something is false: each fault, and what to do. */
export function textLines({ check, holds, detail, faults, faultCount, next }: CheckReport): string[] {
  const head = `${LABELS[`${holds}`].padEnd(LABEL_WIDTH)}  ${check.padEnd(NAME_WIDTH)}  ${detail}`
  const listed = faults.map(({ where, what }) => `       ${where}: ${what}`)
  const more = faultCount > faults.length ? [`       and ${faultCount - faults.length} more`] : []
  return [head, ...listed, ...more, ...(next === null ? [] : [`       Next: ${next}`])]
}

export function jsonLine(report: CheckReport): string {
  return JSON.stringify({ event: 'verify.check', ...report })
}

export function summaryText(reports: readonly CheckReport[], extent: Extent): string {
  const wrong = reports.filter(report => report.holds === false).map(report => report.check)
  const rounds = `${extent.certified} rounds certified, ${extent.final} final`
  return wrong.length === 0 ? `Everything holds: ${rounds}.` : `Does not hold: ${wrong.join(', ')}.`
}

export function summaryJson(run: string | null, reports: readonly CheckReport[], extent: Extent): string {
  return JSON.stringify({ event: 'verify.summary', run, holds: allHold(reports), ...extent })
}

/** False where one check found something false. */
export function allHold(reports: readonly CheckReport[]): boolean {
  return reports.every(report => report.holds !== false)
}
