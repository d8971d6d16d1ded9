/** The round of one stage: a sans-I/O machine. README.md is its specification. */
export { leadersOf } from './away.ts'
export {
  type CloseContext,
  type CloseState,
  closingBundle,
  createClose,
  noteSettled,
  settledCount,
  sourceQuota,
} from './close.ts'
export { nextState } from './execution.ts'
export { createRound, step } from './machine.ts'
export { tempoOf } from './state.ts'
export { phaseOf } from './status.ts'
export { roundTarget } from './target.ts'
export { NO_TEMPO, type Tempo } from './tempo.ts'
export type * from './types.ts'
