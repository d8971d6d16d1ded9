/** How many threads compute where nothing is said. */
import { availableParallelism } from 'node:os'
import type { Settings } from './options.ts'

/** The other half is for network and signatures, and for whoever uses the machine. */
const SHARE_OF_CORES = 0.5

/** Micro-batches have eight sequences and more: as many threads compute a whole one each. */
const MOST_THREADS = 8

/** Of a peer that has its machine for itself. */
export function threadsOf({ threads }: Pick<Settings, 'threads'>, cores: number = availableParallelism()): number {
  return threads ?? Math.min(MOST_THREADS, Math.max(1, Math.floor(SHARE_OF_CORES * cores)))
}

/** Of each of many peers on one machine. */
export function threadsOfMany({ threads }: Pick<Settings, 'threads'>): number {
  return threads ?? 1
}
