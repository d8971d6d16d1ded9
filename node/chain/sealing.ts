/** When the next block is due. Pure; `embedded-chain.ts` keeps the timer. */
import { GATHER_MS, VALIDATION_WAIT_MS } from './constants.ts'

export interface SealingOptions {
  readonly minBlockMs: number
  readonly emptyBlockMs: number
}

export interface SealingState {
  /** When the last block was sealed. */
  readonly lastBlockMs: number
  /** When the first waiting transaction arrived; null where none waits. */
  readonly firstWaitingMs: number | null
  /** Transactions whose validity is still being checked. */
  readonly validating: number
}

/** The time (on the caller's clock, ms) at which to seal. */
export function sealDueMs(state: SealingState, options: SealingOptions): number {
  if (state.firstWaitingMs === null) return state.lastBlockMs + options.emptyBlockMs
  const earliestMs = Math.max(state.lastBlockMs + options.minBlockMs, state.firstWaitingMs + GATHER_MS)
  return state.validating === 0 ? earliestMs : Math.max(earliestMs, state.firstWaitingMs + VALIDATION_WAIT_MS)
}
