/** The engine of one stage: `createStageEngine` in a worker thread, `createInlineEngine` on this one. */
export type { EngineErrorCode } from './errors.ts'
export { ENGINE_ERRORS, EngineError } from './errors.ts'
export type { EngineManifest, StageInit } from './init.ts'
export { planStage } from './init.ts'
export { createInlineEngine, type Pace } from './inline-engine.ts'
export type { JobKind } from './jobs.ts'
export { type Partitioning, partition, partitionSpan } from './partitions.ts'
export { learningRate } from './schedule.ts'
export type {
  Accumulator,
  CallOptions,
  EncodedCommit,
  Execution,
  StageEngine,
  StageInput,
  StageShape,
} from './types.ts'
export { createStageEngine, type StageEngineInit } from './worker-engine.ts'
