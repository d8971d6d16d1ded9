/** How `swarm-sim` ends: as its verdict is. */
import type { VerdictKind } from '../trace/types.ts'

export const EXIT: Readonly<Record<VerdictKind | 'usage', number>> = { valid: 0, violated: 1, unknown: 2, usage: 2 }

/** Ends the program with two lines: what happened and why probably, and the next command. */
export class SimError extends Error {
  override readonly name = 'SimError'
  readonly next: string

  constructor(message: string, next: string, options?: { cause?: unknown }) {
    super(message, options)
    this.next = next
  }
}
