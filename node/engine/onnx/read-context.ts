/** What surrounds a part of the file that is being read. */
import type { ExternalData } from './external-data.ts'

export interface ReadContext {
  /** Null: tensors that keep their data in other files are refused. */
  readonly external: ExternalData | null
  /** Inside a function attributes may refer to those of the call. */
  readonly inFunction: boolean
  /** What sparse tensors have taken so far. */
  readonly dense: { bytes: number }
  /** Graphs around this one. */
  readonly depth: number
}
