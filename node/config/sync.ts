/** What the options say about giving and fetching state, in bytes. */
import { SERVED_BYTES_PER_SECOND } from '../../protocols/state/index.ts'
import type { Settings } from './options.ts'

/** How fast state is given to others, all together, and fetched from them. */
export interface SyncSpeeds {
  readonly servedBytesPerSecond: number
  /** Null: as fast as it comes. */
  readonly takenBytesPerSecond: number | null
}

export const DEFAULT_SPEEDS: SyncSpeeds = { servedBytesPerSecond: SERVED_BYTES_PER_SECOND, takenBytesPerSecond: null }

const MIB = 1024 * 1024

/** What a checkpoint of another stage is fetched with, at the most: nothing waits for it, and rounds must not feel it. */
export const KEPT_BYTES_PER_SECOND = 4 * MIB

export function syncOf(settings: Settings): SyncSpeeds {
  const { 'sync-upload-mib': upload, 'sync-download-mib': download } = settings
  return {
    servedBytesPerSecond: upload === undefined ? DEFAULT_SPEEDS.servedBytesPerSecond : upload * MIB,
    takenBytesPerSecond: download === undefined ? DEFAULT_SPEEDS.takenBytesPerSecond : download * MIB,
  }
}
