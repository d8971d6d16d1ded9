/** How figures are printed: a table for people, one object a line for programs. */
import type { Figure } from './measure.ts'

export interface Report {
  begin(name: string, about: string): void
  add(figure: Figure): void
  end(): void
}

export type Print = (line: string) => void

export function jsonReport(print: Print): Report {
  return {
    begin: () => undefined,
    add: figure => print(JSON.stringify({ ...figure, target: figure.target?.ratio ?? null })),
    end: () => undefined,
  }
}

const COLUMNS = [68, 12, 12, 8, 8, 4] as const
const HEADINGS = ['', 'value', 'bound', 'ratio', 'target', 'met'] as const

/** Prints each row as it comes: some take minutes. */
export function tableReport(print: Print): Report {
  let missed = 0
  let judged = 0
  return {
    begin: (name, about) => {
      print(`\n${name}: ${about}`)
      print(row(HEADINGS))
    },
    add: figure => {
      if (figure.met !== null) judged++
      if (figure.met === false) missed++
      print(row(cells(figure)))
    },
    end: () => print(`\n${judged - missed} of ${judged} targets met`),
  }
}

function cells({ name, value, unit, bound, ratio, target, met }: Figure): string[] {
  const sign = target?.is === 'at-least' ? '≥' : '≤'
  return [
    `  ${name} [${unit}]`,
    short(value),
    bound === null ? '' : short(bound),
    ratio === null ? '' : ratio.toFixed(3),
    target === null ? '' : `${sign} ${target.ratio}`,
    met === null ? '' : met ? 'yes' : 'NO',
  ]
}

function row(texts: readonly string[]): string {
  const padded = texts.map((text, column) => {
    const width = COLUMNS[column] ?? 0
    return column === 0 ? text.padEnd(width) : text.padStart(width)
  })
  return padded.join(' ').trimEnd()
}

/** Four digits that count. */
function short(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toString() : value.toPrecision(4)
}
