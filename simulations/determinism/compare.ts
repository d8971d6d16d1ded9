/** Two traces of one seed, line by line: where they part. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { SimEvent } from '../trace/types.ts'

export interface Difference {
  /** Of the event, from 1: what `replay --until '#246'` takes. */
  readonly number: number
  /** Null where that run is over. */
  readonly first: SimEvent | null
  readonly second: SimEvent | null
  /** What both had just before. */
  readonly before: readonly SimEvent[]
}

const SHOWN_BEFORE = 10

/**
 * Null where the traces are equal. The first line of each is its header.
 * @param counts - events of which the trace's hash is made; others may differ
 */
export async function firstDifference(
  first: string,
  second: string,
  counts: (event: SimEvent) => boolean = () => true,
): Promise<Difference | null> {
  const [a, b] = [lines(first, counts), lines(second, counts)]
  const before: string[] = []
  for (let number = 1; ; number++) {
    const [left, right] = await Promise.all([a.next(), b.next()])
    const [leftLine, rightLine] = [left.done ? null : left.value, right.done ? null : right.value]
    if (leftLine === null && rightLine === null) return null
    if (leftLine !== rightLine) {
      await Promise.all([a.return(undefined), b.return(undefined)])
      return {
        number,
        first: eventOf(leftLine),
        second: eventOf(rightLine),
        before: before.map(line => JSON.parse(line)),
      }
    }
    before.push(leftLine!)
    if (before.length > SHOWN_BEFORE) before.shift()
  }
}

async function* lines(file: string, counts: (event: SimEvent) => boolean): AsyncGenerator<string, void, undefined> {
  let isHeader = true
  for await (const line of createInterface({ input: createReadStream(file, 'utf8') })) {
    if (!isHeader && counts(JSON.parse(line))) yield line
    isHeader = false
  }
}

function eventOf(line: string | null): SimEvent | null {
  return line === null ? null : JSON.parse(line)
}
