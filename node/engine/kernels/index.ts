/** Deterministic kernels: everything that changes hashed state (round.md). They get bytes and memory from outside. */
export type { Kernels, VectorKernels } from './kernels.ts'
export { createMemory, instantiateKernels } from './kernels.ts'
export { Layout } from './layout.ts'
export { loadKernels } from './load.ts'
export type { RankKernel } from './rank.ts'
export { MAX_RANK_INPUTS, RankKernels } from './rank.ts'
