/** Chooses how events reach the user: a live table on a terminal, plain lines in a pipe, JSON lines with `--json`. */
import type { EventBus } from '../../events/bus.ts'
import type { NodeEvent } from '../../events/types.ts'
import { wallClockMs } from '../../events/wall-clock.ts'
import { Notices, plainLines } from './plain.ts'
import { Progress, type ProgressInit } from './progress.ts'
import { LiveTable } from './table.ts'
import { painter, wantsColour } from './text.ts'

export interface Projection {
  readonly progress: Progress
  /** Ends the live table, so that what is printed next stands below it. */
  finish(): void
}

export interface ProjectionChoice extends ProgressInit {
  readonly json: boolean
  /** Shows nothing: the program prints something else. */
  readonly isQuiet?: boolean
  /** What goes on before the first event, in a few words. */
  readonly begins: string
}

/** Where standard output goes. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

/** The clock of the start runs on between events. */
const TICK_MS = 1000
/** Where a terminal does not tell its size (0) or a number is missing. */
const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24

/** JSON carries bytes and big integers as text; everything else of an event is JSON already. */
export function jsonLine(event: NodeEvent): string {
  return JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}

export function project(
  bus: EventBus,
  choice: ProjectionChoice,
  output: Output = process.stdout,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Projection {
  const progress = new Progress(choice)
  if (choice.isQuiet === true) {
    bus.subscribe(event => progress.apply(event))
    return { progress, finish: () => undefined }
  }
  const line = (text: string): void => void output.write(`${text}\n`)
  if (choice.json) {
    bus.subscribe(event => {
      progress.apply(event)
      line(jsonLine(event))
    })
    return { progress, finish: () => undefined }
  }
  // A dumb terminal cannot move its cursor.
  if (output.isTTY !== true || environment.TERM === 'dumb') {
    line(`start    ${choice.begins}`)
    const notices = new Notices()
    bus.subscribe(event => {
      for (const text of plainLines(event, progress, progress.apply(event), notices)) line(text)
    })
    return { progress, finish: () => undefined }
  }
  return live(bus, progress, choice.begins, output, environment)
}

function live(
  bus: EventBus,
  progress: Progress,
  begins: string,
  output: Output,
  environment: Readonly<Record<string, string | undefined>>,
): Projection {
  const terminal = {
    write: (text: string): void => void output.write(text),
    get columns() {
      return output.columns || DEFAULT_COLUMNS
    },
    get rows() {
      return output.rows || DEFAULT_ROWS
    },
  }
  const paint = painter(wantsColour(true, environment))
  const table = new LiveTable({ terminal, paint, progress, begins, startedMs: wallClockMs() })
  table.draw(wallClockMs())
  const timer = setInterval(() => table.draw(wallClockMs()), TICK_MS)
  timer.unref()
  bus.subscribe(event => {
    table.onEvent(event, progress.apply(event).length > 0)
  })
  return {
    progress,
    finish() {
      clearInterval(timer)
      table.finish(wallClockMs())
    },
  }
}
