export { PartitionError } from './balance.ts'
export type { StageFlops } from './flops.ts'
export { stageFlops } from './flops.ts'
export { cutModel, stageBytes } from './model.ts'
