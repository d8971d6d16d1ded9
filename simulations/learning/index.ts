/** Learning in a swarm, without its processes and network: the product's engine and kernels, its lanes and commits. */
export type { ConspiracyInit, StageCommits } from './conspiracy.ts'
export { Conspiracy } from './conspiracy.ts'
export type { BatchSource, Place } from './data.ts'
export { chapterBatches, uniformBatches } from './data.ts'
export type { RoundReport, Training } from './emulation.ts'
export { EmulatedSwarm } from './emulation.ts'
export type { Rule } from './rule.ts'
export { createRule } from './rule.ts'
