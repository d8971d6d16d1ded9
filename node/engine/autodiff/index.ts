/**
 * Automatic differentiation of ONNX models: `differentiate` takes a model and returns one that also computes gradients, as
 * ordinary ONNX operators, so that any runtime can run it. ONNX Runtime has no gradient kernels of its own.
 *
 * How to read it, in an hour:
 * 1. `differentiate.ts`: the whole, in four steps: prepare, seed, walk, prune.
 * 2. `reverse.ts`: the walker, some 40 lines: reverse mode is a loop over the nodes from last to first.
 * 3. `gradients/`: the table of rules, one line an operator where it can be (start with `elementwise.ts`, then `matmul.ts`).
 *    A rule gets `x`, `y`, `dy` and a builder `g`; it emits nodes and returns one gradient for each input. Gradients may have
 *    the broadcast shape: summing back is done in one place, by the walker.
 * 4. `builder.ts` and `operators.ts`: how nodes are emitted. All shapes are static and inferred on the way (`shapes/`).
 * 5. `prepare.ts`, `fold/` and `upgrade.ts`: what real exports need first: shape arithmetic becomes constants, old operator
 *    forms become new ones.
 *
 * To add an operator: its line in `shapes/` and its line in `gradients/`; the tests check every rule against differences.
 */
export type { Value, ValueType } from './builder.ts'
export { GraphBuilder } from './builder.ts'
export type { DifferentiateOptions } from './differentiate.ts'
export { differentiate, operatorSets, parametersToInputs } from './differentiate.ts'
export type { DifferentiationFaultReason } from './errors.ts'
export { DifferentiationError } from './errors.ts'
export { GRADIENTS } from './gradients/index.ts'
export { Operators } from './operators.ts'
export { releaseEarly } from './order.ts'
export { graphOf, type NamedOutput } from './outputs.ts'
export { parametersOf } from './parameters.ts'
export { prepare } from './prepare.ts'
export { pruneGraph, usedNames } from './prune.ts'
export { reverse } from './reverse.ts'
