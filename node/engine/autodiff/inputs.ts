/** The shapes of a model's inputs: as the file has them, as the caller gives them, and what one input tells of another. */
import type { Dimension, Graph, ValueInfo } from '../onnx/index.ts'
import type { GraphBuilder } from './builder.ts'
import { DifferentiationError } from './errors.ts'

export interface InputSizes {
  /** Sizes of symbolic dimensions, by name. */
  readonly dimensions?: Readonly<Record<string, number>>
  /** Shapes of inputs, by name; they win over `dimensions`. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>
}

export function addInputs(builder: GraphBuilder, graph: Graph, options: InputSizes): void {
  const initialized = new Set(graph.initializers.map(tensor => tensor.name))
  const sizes = symbolicSizes(graph, options)
  for (const info of graph.inputs) {
    // Files from before IR version 4 list their initializers as inputs too.
    if (!initialized.has(info.name)) addInput(builder, resolved(info, sizes), options.inputShapes?.[info.name])
  }
}

function addInput(builder: GraphBuilder, info: ValueInfo, given: readonly number[] | undefined): void {
  if (info.type === null) throw new DifferentiationError('unknown-shape', `Input '${info.name}' is not a tensor.`)
  const shape = given ?? info.type.shape ?? [null]
  const open = shape.find(size => typeof size !== 'number')
  if (open !== undefined) {
    const what = open === null ? 'a dimension without a name' : `the dimension '${open}'`
    throw new DifferentiationError('unknown-shape', `Input '${info.name}' has ${what}: give its size.`)
  }
  builder.input(
    info.name,
    info.type.type,
    shape.filter(size => typeof size === 'number'),
  )
}

/** Sizes of symbolic dimensions: the given ones, and those that the given shapes of inputs agree on. */
export function symbolicSizes(graph: Graph, { dimensions = {}, inputShapes = {} }: InputSizes): Map<string, number> {
  const told = new Map<string, number | null>()
  for (const { name, type } of graph.inputs) {
    const given = Object.hasOwn(inputShapes, name) ? inputShapes[name] : undefined
    if (given?.length !== type?.shape?.length) continue
    for (const [axis, symbol] of type?.shape?.entries() ?? []) {
      if (typeof symbol !== 'string') continue
      const size = given?.[axis] ?? null
      told.set(symbol, told.has(symbol) && told.get(symbol) !== size ? null : size)
    }
  }
  const sizes = new Map<string, number>()
  for (const [symbol, size] of told) if (size !== null) sizes.set(symbol, size)
  for (const [symbol, size] of Object.entries(dimensions)) sizes.set(symbol, size)
  return sizes
}

/** The value's type with the sizes that are known. */
export function resolved(info: ValueInfo, sizes: ReadonlyMap<string, number>): ValueInfo {
  if (!info.type?.shape) return info
  const size = (dimension: Dimension) =>
    typeof dimension === 'string' ? (sizes.get(dimension) ?? dimension) : dimension
  return { ...info, type: { ...info.type, shape: info.type.shape.map(size) } }
}
