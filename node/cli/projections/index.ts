/** Chooses how events reach the user: a live table on a terminal, plain lines in a pipe, JSON lines with `--json`. */
import type { EventBus } from '../../events/bus.ts'
import type { NodeEvent } from '../../events/types.ts'
import { plainLine } from './plain.ts'
import { Progress } from './progress.ts'
import { LiveTable } from './table.ts'
import { painter, wantsColour } from './text.ts'

export interface Projection {
  readonly progress: Progress
  /** Ends the live table, so that what is printed next stands below it. */
  finish(): void
}

export interface ProjectionChoice {
  readonly json: boolean
  /** Rounds that this start is to certify; 0 where there is no end. */
  readonly targetRounds: number
}

/** JSON carries bytes and big integers as text; everything else of an event is JSON already. */
export function jsonLine(event: NodeEvent): string {
  return JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}

export function project(bus: EventBus, choice: ProjectionChoice): Projection {
  const progress = new Progress(choice.targetRounds)
  if (choice.json) {
    bus.subscribe(event => {
      progress.apply(event)
      process.stdout.write(`${jsonLine(event)}\n`)
    })
    return { progress, finish: () => undefined }
  }
  const isTerminal = process.stdout.isTTY === true
  if (!isTerminal) {
    bus.subscribe(event => {
      const line = plainLine(event, progress, progress.apply(event))
      if (line !== null) process.stdout.write(`${line}\n`)
    })
    return { progress, finish: () => undefined }
  }
  const terminal = {
    write: (text: string) => {
      process.stdout.write(text)
    },
    get columns() {
      return process.stdout.columns ?? 80
    },
  }
  const table = new LiveTable(terminal, painter(wantsColour(true, process.env)), progress)
  bus.subscribe(event => {
    progress.apply(event)
    table.onEvent(event)
  })
  return { progress, finish: () => table.draw(performance.timeOrigin + performance.now()) }
}
