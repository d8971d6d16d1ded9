/** What each verb of `swarm-sim` is, and is called with. */
import type { Paint } from '../../node/cli/projections/text.ts'
import type { Harness, HarnessSource } from '../harness.ts'
import type { Settings } from './options.ts'
import type { Surroundings } from './surroundings.ts'

/** What a verb is called with. */
export interface Call {
  readonly words: readonly string[]
  readonly settings: Settings
  readonly harness: Harness
  /** Where other processes find it. */
  readonly source: HarnessSource
  readonly surroundings: Surroundings
  readonly paint: Paint
}

/** Resolves with the exit code. */
export type VerbProgram = (call: Call) => Promise<number>
