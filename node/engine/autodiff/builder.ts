/**
 * A graph under construction. Every value has a static type and shape, which are inferred as nodes are added
 * (`shapes/index.ts`), so a rule can ask for `value.shape` and never meets a dynamic dimension.
 */
import {
  type AttributeValue,
  DataType,
  floatTensor,
  type Graph,
  intTensor,
  makeGraph,
  makeNode,
  makeValueInfo,
  type Node,
  type Tensor,
  type ValueInfo,
} from '../onnx/index.ts'
import { DifferentiationError } from './errors.ts'
import type { Shape } from './shape.ts'
import { inferTypes } from './shapes/index.ts'
import { canCompute, numbersOf, tensorOf } from './values.ts'

export interface ValueType {
  readonly type: DataType
  readonly shape: Shape
}

export interface Value extends ValueType {
  readonly name: string
}

export interface ApplyOptions {
  readonly domain?: string
  /** Number of outputs, 1 unless given. */
  readonly outputs?: number
}

/** Characters. */
const MAX_KEY_LENGTH = 256

type Attributes = Readonly<Record<string, AttributeValue>>

export class GraphBuilder {
  readonly opset: number
  readonly nodes: Node[] = []
  readonly inputs: ValueInfo[] = []
  readonly #values = new Map<string, Value>()
  readonly #constants = new Map<string, Tensor>()
  readonly #reasons = new Map<string, DifferentiationError>()
  /** Results of nodes already emitted: the same operation on the same inputs is computed once. */
  readonly #applied = new Map<string, readonly Value[]>()
  readonly #producers = new Map<string, Node>()
  /** Begins the name of every value that is made here. */
  readonly prefix: string
  #fresh = 0
  readonly #longKeys = new Map<string, string>()

  constructor(opset: number, prefix: string) {
    this.opset = opset
    this.prefix = prefix
  }

  input(name: string, type: DataType, shape: Shape): Value {
    this.inputs.push(makeValueInfo(name, type, shape))
    return this.define({ name, type, shape })
  }

  constant(tensor: Tensor): Value {
    this.#constants.set(tensor.name, tensor)
    return this.define({ name: tensor.name, type: tensor.type, shape: tensor.shape })
  }

  define(value: Value): Value {
    this.#values.set(value.name, value)
    return value
  }

  find(name: string): Value | undefined {
    return this.#values.get(name)
  }

  value(name: string): Value {
    const value = this.#values.get(name)
    if (value !== undefined) return value
    throw (
      this.#reasons.get(name) ??
      new DifferentiationError('unknown-value', `The graph has no value named '${name}' whose shape is known.`)
    )
  }

  /** Remembers why the shape of a node's output is not known: the first node on the way that could not tell. */
  explain(output: string, node: Node, error: DifferentiationError): void {
    const first = node.inputs.find(name => this.#reasons.has(name) && !this.#values.has(name))
    this.#reasons.set(output, (first === undefined ? undefined : this.#reasons.get(first)) ?? error)
  }

  /** What was remembered of a node's outputs. */
  reasonFor(node: Node): DifferentiationError | undefined {
    return node.outputs.map(name => this.#reasons.get(name)).find(reason => reason !== undefined)
  }

  constantOf(value: Value): Tensor | undefined {
    return this.#constants.get(value.name)
  }

  /** The numbers of a constant; null where the value is computed at run time. */
  numbers(value: Value): number[] | null {
    const tensor = this.#constants.get(value.name)
    return tensor === undefined || !canCompute(tensor.type) ? null : numbersOf(tensor)
  }

  /** The node that computes the value; undefined for inputs and constants. */
  producerOf(value: Value): Node | undefined {
    return this.#producers.get(value.name)
  }

  /** A rank 0 constant. */
  scalar(value: number, type: DataType = DataType.float32): Value {
    const name = `${this.prefix}constant.${type === DataType.float32 ? '' : `${type}.`}${value}`
    if (this.find(name) !== undefined) return this.value(name)
    return this.constant(type === DataType.float32 ? floatTensor(name, [], [value]) : tensorOf(name, type, [], [value]))
  }

  /** A rank 1 int64 constant: axes, shapes, indices. */
  integers(values: readonly number[]): Value {
    const name = this.constantName(`integers.${values.join('_')}`)
    return this.find(name) ?? this.constant(intTensor(name, [values.length], values))
  }

  /** The name of a constant that `key` tells from all others; long keys are numbered instead of being part of each use. */
  protected constantName(key: string): string {
    if (key.length <= MAX_KEY_LENGTH) return `${this.prefix}${key}`
    const known = this.#longKeys.get(key) ?? `${this.prefix}long.${this.#longKeys.size}`
    this.#longKeys.set(key, known)
    return known
  }

  /** Emits a node and returns its outputs. */
  apply(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes = {},
    options: ApplyOptions = {},
  ): Value[] {
    const key = JSON.stringify(
      [opType, options.domain, inputs.map(input => input?.name), attributes, options.outputs],
      bigintText,
    )
    const known = this.#applied.get(key)
    if (known !== undefined) return [...known]
    const number = this.#fresh++
    const outputs = Array.from(
      { length: options.outputs ?? 1 },
      (_, index) => `${this.prefix}${opType}.${number}${index === 0 ? '' : `.${index}`}`,
    )
    const domain = options.domain ?? ''
    const names = inputs.map(input => input?.name ?? '')
    const values = this.append(
      makeNode(opType, names, outputs, attributes, { name: `${this.prefix}${opType}.${number}`, domain }),
    )
    this.#applied.set(key, values)
    return [...values]
  }

  /** Emits a node with one output. */
  one(opType: string, inputs: readonly (Value | null)[], attributes: Attributes = {}, domain = ''): Value {
    return this.apply(opType, inputs, attributes, { domain })[0]!
  }

  /** Adds a node as it is; an empty output name is an output that nobody wants. */
  append(node: Node): Value[] {
    const types = inferTypes(this, node)
    this.nodes.push(node)
    for (const name of node.outputs) this.#producers.set(name, node)
    return node.outputs.flatMap((name, index) => {
      const type = types[index]
      return name === '' || type === undefined ? [] : [this.define({ name, type: type.type, shape: type.shape })]
    })
  }

  /** Makes an emitted node write more of its optional outputs, and returns output `index`. */
  optionalOutput(node: Node, index: number): Value {
    const at = this.nodes.findIndex(other => other.outputs[0] === node.outputs[0])
    const current = this.nodes[at]
    if (current === undefined)
      throw new DifferentiationError('unknown-value', `Node '${node.name}' is not in the graph.`)
    const present = current.outputs[index]
    if (present) return this.value(present)
    const outputs = Array.from(
      { length: Math.max(index + 1, current.outputs.length) },
      (_, place) => current.outputs[place] ?? '',
    )
    outputs[index] = `${this.prefix}${current.outputs[0]}.output${index}`
    const extended = { ...current, outputs }
    this.nodes[at] = extended
    const { type, shape } = inferTypes(this, extended)[index]!
    return this.define({ name: outputs[index]!, type, shape })
  }

  /** The graph of everything that was added; `pruneGraph` drops what no output needs. */
  finish(name: string, outputs: readonly Value[]): Graph {
    return makeGraph(name, {
      nodes: this.nodes,
      initializers: [...this.#constants.values()],
      inputs: this.inputs,
      outputs: outputs.map(output => makeValueInfo(output.name, output.type, output.shape)),
    })
  }
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
