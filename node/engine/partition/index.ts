/**
 * Cutting a model into stages. `cutModel` cuts a preset at its block boundaries, as a pure function of the manifest; `cutGraph`
 * finds the boundaries of any imported graph and cuts that. Both minimise the cost of the costliest stage (`balance.ts`),
 * which sets the pace of the pipeline, where cost is floating point operations and a little memory (`cost.ts`).
 * `dealHands` shares a stage's micro-batch among a machine's threads.
 */
export { PartitionError } from './balance.ts'
export type { StageFlops } from './flops.ts'
export { stageFlops } from './flops.ts'
export type { CutGraphOptions, GraphStage } from './graph.ts'
export { cutGraph } from './graph.ts'
export { type Deal, type DealtStage, dealHands } from './hands.ts'
export { cutModel, stageBytes, stateBytes } from './model.ts'
