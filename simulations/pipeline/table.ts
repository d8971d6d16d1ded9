/** The shares as a table: percent of the peers' time in the measured rounds. */
import type { Table } from '../cli/table.ts'
import type { PipelineReading } from './measure.ts'
import type { TimeShares } from './shares.ts'

const COLUMNS = [
  ['compute', 'computeMs'],
  ['transfer', 'transferMs'],
  ['bubble', 'bubbleMs'],
  ['idle', 'idleMs'],
  ['reduce', 'reduceMs'],
] as const satisfies readonly (readonly [string, keyof TimeShares])[]

export function pipelineTable({ shares, total }: Pick<PipelineReading, 'shares' | 'total'>): Table {
  return {
    columns: ['stage', ...COLUMNS.map(([name]) => `${name} %`)],
    rows: [...shares.map(({ stage, shares }) => [`${stage}`, ...percents(shares)]), ['all', ...percents(total)]],
  }
}

/** Share of the time in which machines compute, 0 to 1. */
export function utilisation(shares: TimeShares): number {
  return shares.computeMs / Math.max(1, sumOf(shares))
}

function percents(shares: TimeShares): number[] {
  return COLUMNS.map(([, key]) => (100 * shares[key]) / Math.max(1, sumOf(shares)))
}

function sumOf(shares: TimeShares): number {
  return COLUMNS.reduce((sum, [, key]) => sum + shares[key], 0)
}
