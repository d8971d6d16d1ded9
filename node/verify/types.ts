/** What is checked, and what comes out. */

/** In the order in which they are checked. */
export const CHECK_NAMES = [
  'manifest',
  'storage',
  'seats',
  'signatures',
  'aggregates',
  'hash-chain',
  'anchors',
  'state',
  'model',
] as const

export type CheckName = (typeof CHECK_NAMES)[number]

/** One thing that is false, and where. */
export interface Fault {
  /** A file, or a folder with stage and round, e.g. `peers/03, stage 1, round 7`. */
  readonly where: string
  readonly what: string
}

/** What a check found: how far it looked, and what is false. */
export interface Verdict {
  readonly detail: string
  /** The first ones, where there are many. */
  readonly faults: readonly Fault[]
  /** How many there are; by default as many as `faults` lists. */
  readonly faultCount?: number
  /** True where there was nothing to check. */
  readonly absent?: boolean
}

export interface CheckReport {
  readonly check: CheckName
  /** Null where it was not checked; `detail` says why. */
  readonly holds: boolean | null
  readonly detail: string
  /** The first of them. */
  readonly faults: readonly Fault[]
  readonly faultCount: number
  /** What to do about a fault; null where there is none. */
  readonly next: string | null
}

/** How far the folder's history goes. */
export interface Extent {
  /** Last round that every stage has certified. */
  readonly certified: number
  /** Last round of every stage in a finalised anchor. */
  readonly final: number
}
