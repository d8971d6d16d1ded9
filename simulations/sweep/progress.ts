/** One line on a terminal that redraws in place; nothing anywhere else. */
import { bar, count, duration } from '../../node/cli/projections/text.ts'

const ESCAPE = String.fromCharCode(27)
const REDRAW_MS = 100
const BAR_COLUMNS = 24

export interface Terminal {
  write(text: string): void
  readonly columns: number
}

export interface ProgressState {
  readonly what: string
  readonly done: number
  /** Null where there is no end but time's. */
  readonly total: number | null
  readonly elapsedMs: number
  /** Null: no limit. */
  readonly limitMs: number | null
  readonly violated: number
  readonly unknown: number
}

export function progressLine({ what, done, total, elapsedMs, limitMs, violated, unknown }: ProgressState): string {
  const perSecond = done / Math.max(0.001, elapsedMs / 1000)
  const leftMs = total === null || done === 0 ? Number.POSITIVE_INFINITY : (total - done) / (perSecond / 1000)
  const endMs = Math.min(leftMs, limitMs === null ? Number.POSITIVE_INFINITY : Math.max(0, limitMs - elapsedMs))
  const share = Math.max(total === null ? 0 : done / total, limitMs === null ? 0 : elapsedMs / limitMs)
  const of = total === null ? '' : `/${count(total)}`
  const bad = `${violated === 0 ? '' : `  ${violated} violated`}${unknown === 0 ? '' : `  ${unknown} unknown`}`
  const left = Number.isFinite(endMs) ? `  ${duration(endMs)} left` : ''
  return `[${bar(Math.min(1, share), 1, BAR_COLUMNS)}] ${count(done)}${of} ${what}  ${perSecond.toFixed(1)}/s${bad}${left}`
}

export class ProgressBar {
  readonly #terminal: Terminal | null
  #drawnMs = Number.NEGATIVE_INFINITY

  constructor(terminal: Terminal | null) {
    this.#terminal = terminal
  }

  show(state: ProgressState): void {
    if (this.#terminal === null || state.elapsedMs - this.#drawnMs < REDRAW_MS) return
    this.#drawnMs = state.elapsedMs
    this.#terminal.write(`\r${ESCAPE}[K${progressLine(state).slice(0, Math.max(1, this.#terminal.columns - 1))}`)
  }

  clear(): void {
    if (this.#drawnMs > 0) this.#terminal?.write(`\r${ESCAPE}[K`)
  }
}
