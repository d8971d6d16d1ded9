/** Does anything that a peer holds grow with time, and does the run ever stand still? */
import type { SimEvent } from '../trace/types.ts'

export interface Steady {
  /** By gauge: the most that any peer held, in each hour. */
  readonly most: Map<string, number[]>
  rounds: number
  /** Between two certificates of a stage. */
  longestMs: number
  /** Decided admissions and removals. */
  changes: number
}

const HOUR_MS = 3_600_000

export function steadyMeter(seen: Steady): (event: SimEvent) => void {
  const newest = new Map<number, { round: number; atMs: number }>()
  return event => {
    if (event.type === 'gauge') {
      const hour = Math.floor(event.atMs / HOUR_MS)
      const hours = seen.most.get(event.name) ?? []
      hours[hour] = Math.max(hours[hour] ?? 0, event.value)
      seen.most.set(event.name, hours)
    }
    if (event.type === 'changed') seen.changes++
    if (event.type !== 'certified') return
    const before = newest.get(event.stage)
    if (before !== undefined && before.round >= event.round) return
    if (before !== undefined) seen.longestMs = Math.max(seen.longestMs, event.atMs - before.atMs)
    newest.set(event.stage, { round: event.round, atMs: event.atMs })
    seen.rounds++
  }
}

export function noSteady(): Steady {
  return { most: new Map(), rounds: 0, longestMs: 0, changes: 0 }
}

/**
 * The most of the last quarter of the hours over the most of the second: 1 where nothing grows.
 * @param least - up to which it follows what happens, not the time, and counts as so many
 */
export function growth(hours: readonly number[], least = 1): number {
  const quarter = Math.floor(hours.length / 4)
  const most = (from: number, to: number) =>
    Math.max(least, ...hours.slice(from, to).filter(value => value !== undefined))
  return most(3 * quarter, 4 * quarter) / most(quarter, 2 * quarter)
}
