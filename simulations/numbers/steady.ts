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
 * What the hours of the last quarter held at the most, on average, over those of the second: 1 where nothing grows. The most of
 * a whole quarter is one hour's chance.
 * @param least - up to which it follows what happens, not the time, and counts as so many
 */
export function growth(hours: readonly number[], least = 1): number {
  const quarter = Math.floor(hours.length / 4)
  const usual = (from: number, to: number): number => {
    const most = hours.slice(from, to).filter(value => value !== undefined)
    return Math.max(least, most.reduce((sum, value) => sum + value, 0) / Math.max(1, most.length))
  }
  return usual(3 * quarter, 4 * quarter) / usual(quarter, 2 * quarter)
}
