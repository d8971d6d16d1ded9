/** From a model to a model that also computes gradients. */
import {
  DEFAULT_IR_VERSION,
  type Graph,
  isFloat,
  MICROSOFT_DOMAIN,
  type Model,
  makeValueInfo,
  type OperatorSet,
} from '../onnx/index.ts'
import { intAttribute } from './attributes.ts'
import type { Value } from './builder.ts'
import { DifferentiationError } from './errors.ts'
import type { Operators } from './operators.ts'
import { graphOf } from './outputs.ts'
import { parametersOf } from './parameters.ts'
import { type PrepareOptions, prepare } from './prepare.ts'
import { reverse } from './reverse.ts'

export interface DifferentiateOptions extends Omit<PrepareOptions, 'parameters'> {
  /** Outputs that are differentiated; the first one that holds floating point numbers unless given. */
  readonly outputs?: readonly string[]
  /**
   * Gradients to start from: for an output the name of an input, which is added, of the output's shape. An output without a
   * seed starts from ones, so what is differentiated is its sum; for a loss that is the loss itself.
   */
  readonly seeds?: Readonly<Record<string, string>>
  /** Inputs, initializers or values in between; `parametersOf` the graph unless given. */
  readonly withRespectTo?: readonly string[]
  /**
   * Embedding tables whose gradient is wanted as rows: output `rows.<table>` [indices, width], one row for each index looked
   * up, to be added to the table at that index. The dense gradient of a table is nearly all zeros.
   */
  readonly rowsOf?: readonly string[]
  /** Name of the output that holds the gradient of a value; `d.<value>` unless given. */
  readonly gradientName?: (value: string) => string
}

/**
 * The model with one more output for each value in `withRespectTo`. Shapes become static; a value that the outputs do not
 * depend on gets a gradient of zeros.
 * @throws DifferentiationError naming the node and operator that cannot be differentiated
 */
export function differentiate(model: Model, options: DifferentiateOptions = {}): Model {
  const { graph } = model
  const tables = options.rowsOf ?? []
  const wanted = (options.withRespectTo ?? parametersOf(graph)).filter(name => !tables.includes(name))
  const g = prepare(model, { ...options, parameters: new Set([...wanted, ...tables]) })
  // What stands in a branch that is not taken, or in a loop that stays one, is trained only where it is asked for by name.
  const targets = options.withRespectTo ? wanted : wanted.filter(name => g.find(name) !== undefined)
  for (const name of [...targets, ...tables]) assertDifferentiable(g.value(name))
  const rows = new Map(tables.map(table => [table, lookedUp(g, table)]))
  const seeds = new Map<string, Value>()
  for (const name of options.outputs ?? [firstOutput(g, graph)]) {
    const output = g.value(name)
    assertDifferentiable(output)
    const seed = options.seeds?.[name]
    seeds.set(name, seed === undefined ? ones(g, output) : g.input(seed, output.type, output.shape))
  }
  const gradients = reverse(g, seeds, new Set([...targets, ...rows.values()]))
  const originals = graph.outputs.map(info => {
    const value = g.find(info.name)
    return value === undefined ? info : { name: info.name, value }
  })
  const gradientOf = (name: string) => gradients.get(name) ?? g.zeros(g.value(name).type, g.value(name).shape)
  const nameOf = options.gradientName ?? ((name: string) => `d.${name}`)
  const dense = targets.map(name => ({ name: nameOf(name), value: gradientOf(name) }))
  const sparse = [...rows].map(([table, name]) => ({ name: `rows.${table}`, value: g.asMatrix(gradientOf(name)) }))
  const result = graphOf(g, graph.name, [...originals, ...dense, ...sparse])
  const opsets = operatorSets(model.opsets, result, g.opset)
  return {
    ...model,
    irVersion: Math.max(model.irVersion, DEFAULT_IR_VERSION),
    opsets,
    graph: { ...result, documentation: graph.documentation },
  }
}

/** A classifier may give labels before what it computed them from. */
function firstOutput(g: Operators, graph: Graph): string {
  const isWhole = (name: string) => {
    const value = g.find(name)
    return value !== undefined && !isFloat(value.type)
  }
  const output = graph.outputs.find(({ name }) => !isWhole(name)) ?? graph.outputs[0]
  if (output === undefined) throw new DifferentiationError('unknown-value', 'The graph has no output.')
  return output.name
}

/** The value that a table's only use, a Gather along axis 0, looks up. */
function lookedUp(g: Operators, table: string): string {
  const users = g.nodes.filter(node => node.inputs.includes(table))
  const [node] = users
  const isLookup = node?.opType === 'Gather' && node.inputs[0] === table && intAttribute(node, 'axis', 0) === 0
  if (users.length === 1 && isLookup) return node.outputs[0]!
  throw new DifferentiationError(
    'not-differentiable',
    `'${table}' is not used by one Gather alone, so its gradient is not rows.`,
  )
}

/** The operator sets that the graph needs. */
export function operatorSets(declared: readonly OperatorSet[], graph: Graph, opset: number): OperatorSet[] {
  const others = declared.filter(({ domain }) => domain !== '' && domain !== 'ai.onnx')
  const sets = [{ domain: '', version: opset }, ...others]
  const isMissing =
    graph.nodes.some(node => node.domain === MICROSOFT_DOMAIN) &&
    !others.some(({ domain }) => domain === MICROSOFT_DOMAIN)
  return isMissing ? [...sets, { domain: MICROSOFT_DOMAIN, version: 1 }] : sets
}

function assertDifferentiable(value: Value): void {
  if (isFloat(value.type)) return
  throw new DifferentiationError(
    'not-differentiable',
    `'${value.name}' does not hold floating point numbers, so it has no gradient.`,
  )
}

function ones(g: Operators, output: Value): Value {
  return g.expand(g.scalar(1, output.type), output.shape)
}

/**
 * The model with the named initializers turned into inputs, so that whoever runs it feeds the current parameters.
 */
export function parametersToInputs(model: Model, names: readonly string[]): Model {
  const moved = new Set(names)
  const { graph } = model
  const declared = new Set(graph.inputs.map(input => input.name))
  const parameters = graph.initializers.filter(({ name }) => moved.has(name))
  const inputs = parameters
    .filter(({ name }) => !declared.has(name))
    .map(({ name, type, shape }) => makeValueInfo(name, type, shape))
  const initializers = graph.initializers.filter(({ name }) => !moved.has(name))
  return { ...model, graph: { ...graph, initializers, inputs: [...graph.inputs, ...inputs] } }
}
