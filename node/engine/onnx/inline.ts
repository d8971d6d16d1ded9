/**
 * Puts the nodes of a model's own functions in the place of their calls, so that whoever comes after the reader sees
 * standard operators only. Values inside get names that begin with the call's; attributes that refer to the call's are
 * replaced by them, or left out where the call and the function give none. A small file could unfold into a large graph
 * (functions that call functions twice), so what is made is counted and bounded.
 */
import { OnnxFormatError } from './errors.ts'
import { MAX_CALL_DEPTH, MAX_INLINED_CHARACTERS, MAX_ITEMS } from './limits.ts'
import { makeNode } from './make.ts'
import { type Attribute, type Graph, isStandard, type Node, type OperatorSet, type ValueInfo } from './model.ts'
import { namesOf } from './names.ts'
import type { ModelFunction } from './read-function.ts'

interface Inlined {
  readonly graph: Graph
  /** The model's, and what the functions import beyond. */
  readonly opsets: readonly OperatorSet[]
}

export function inlineFunctions(
  graph: Graph,
  opsets: readonly OperatorSet[],
  functions: readonly ModelFunction[],
): Inlined {
  if (functions.length === 0) return { graph, opsets }
  const inliner = new Inliner(graph, opsets, functions)
  return { graph: inliner.graph(graph, OUTSIDE), opsets: inliner.opsets }
}

/** Where a node stands: what its names and references mean. */
interface Scope {
  readonly rename: (value: string) => string
  /** Attributes of the call around the node. */
  readonly attributes: ReadonlyMap<string, Attribute>
  /** The function around the node, and the name of its call, which begins the names of what is inside. */
  readonly inside: { readonly called: ModelFunction; readonly prefix: string } | null
  /** Version of the standard operators, where it is not the model's. */
  readonly opset?: number
  readonly depth: number
}

const OUTSIDE: Scope = { rename: value => value, attributes: new Map(), inside: null, depth: 0 }

class Inliner {
  readonly #functions: ReadonlyMap<string, ModelFunction>
  readonly #names: Set<string>
  readonly #opsets: Map<string, number>
  #items = 0
  #characters = 0
  #fresh = 0

  constructor(graph: Graph, opsets: readonly OperatorSet[], functions: readonly ModelFunction[]) {
    this.#functions = new Map(functions.map(item => [keyOf(item.domain, item.name, item.overload), item]))
    this.#names = namesOf(graph)
    this.#opsets = new Map(opsets.map(({ domain, version }) => [isStandard(domain) ? '' : domain, version]))
  }

  get opsets(): OperatorSet[] {
    return [...this.#opsets].map(([domain, version]) => ({ domain, version }))
  }

  graph(graph: Graph, scope: Scope): Graph {
    const renamed = <T extends { readonly name: string }>(items: readonly T[]): T[] =>
      items.map(item => ({ ...item, name: scope.rename(item.name) }))
    const declared: ValueInfo[] = scope.inside === null ? [...graph.valueInfo] : renamed(graph.valueInfo)
    return {
      ...graph,
      inputs: renamed(graph.inputs),
      initializers: renamed(graph.initializers),
      nodes: graph.nodes.flatMap(node => this.#node(node, scope)),
      outputs: renamed(graph.outputs),
      valueInfo: declared,
    }
  }

  /** The node with names and references resolved; the nodes of the function where it calls one. */
  #node(node: Node, scope: Scope): Node[] {
    const attributes = new Map<string, Attribute>()
    for (const [name, attribute] of node.attributes) {
      const value = this.#attribute(attribute, scope)
      if (value !== undefined) attributes.set(name, value)
    }
    const rename = (value: string) => (value === '' ? '' : scope.rename(value))
    const inputs = node.inputs.map(rename)
    const outputs = node.outputs.map(rename)
    const name = this.#nodeName(node, scope)
    const called = this.#functions.get(keyOf(node.domain, node.opType, node.overload ?? ''))
    const isMarked = called === undefined && node.domain === '' && scope.opset !== undefined
    const bound = { ...node, name, inputs, outputs, attributes, ...(isMarked ? { opset: scope.opset } : {}) }
    return called === undefined ? [bound] : this.#call(bound, called, scope.depth + 1)
  }

  #nodeName({ name }: Node, { inside }: Scope): string {
    if (inside === null || name === '') return name
    this.#spendCharacters(inside.called, inside.prefix.length + name.length)
    return `${inside.prefix}/${name}`
  }

  /** Undefined where nobody gave the attribute that is referred to. */
  #attribute(attribute: Attribute, scope: Scope): Attribute | undefined {
    switch (attribute.kind) {
      // What the call gave was resolved where the call stands.
      case 'reference':
        return scope.attributes.get(attribute.value)
      case 'graph':
        return { kind: 'graph', value: this.graph(attribute.value, scope) }
      case 'graphs':
        return { kind: 'graphs', value: attribute.value.map(graph => this.graph(graph, scope)) }
      default:
        return attribute
    }
  }

  #call(call: Node, called: ModelFunction, depth: number): Node[] {
    const fail = (sentence: string) =>
      new OnnxFormatError('bad-function', called.offset, `Node '${call.name}' calls '${called.name}', ${sentence}`)
    if (depth > MAX_CALL_DEPTH)
      throw new OnnxFormatError('over-limit', called.offset, `Calls of functions nest deeper than ${MAX_CALL_DEPTH}`)
    if (call.inputs.length > called.inputs.length) throw fail(`which takes ${called.inputs.length} inputs`)
    if (call.outputs.length > called.outputs.length) throw fail(`which has ${called.outputs.length} outputs`)
    this.#spend(called, partsOf(called))
    const prefix = call.name || call.outputs.find(name => name !== '') || called.name
    const values = new Map(called.inputs.map((name, index) => [name, call.inputs[index] ?? '']))
    const copies: Node[] = []
    for (const [index, name] of called.outputs.entries()) {
      const wanted = call.outputs[index] ?? ''
      const known = values.get(name)
      if (known === '' && wanted !== '') throw fail(`whose output '${name}' is an input that the call leaves out`)
      // An input handed through, or one value as two outputs.
      if (known !== undefined && wanted !== '') copies.push(makeNode('Identity', [known], [wanted]))
      else if (wanted !== '') values.set(name, wanted)
    }
    const rename = (value: string) => {
      const known = values.get(value)
      if (known !== undefined) return known
      const made = this.#unused(called, `${prefix}/${value}`)
      values.set(value, made)
      return made
    }
    const attributes = new Map([...called.defaults, ...call.attributes])
    const opset = this.#import(called, fail)
    const scope: Scope = { rename, attributes, inside: { called, prefix }, depth, ...(opset === null ? {} : { opset }) }
    return [...called.nodes.flatMap(node => this.#node(node, scope)), ...copies]
  }

  /** Adds what the function imports to the model's operator sets; its standard version where the model's is another. */
  #import(called: ModelFunction, fail: (sentence: string) => OnnxFormatError): number | null {
    let different: number | null = null
    for (const { domain: named, version } of called.opsets) {
      const domain = isStandard(named) ? '' : named
      const known = this.#opsets.get(domain)
      if (known === undefined) this.#opsets.set(domain, version)
      else if (domain === '' && known !== version) different = version
      else if (known !== version) throw fail(`which imports '${domain}' in version ${version}, the model in ${known}`)
    }
    return different
  }

  #unused(called: ModelFunction, wanted: string): string {
    this.#spendCharacters(called, wanted.length)
    let name = wanted
    while (this.#names.has(name)) name = `${wanted}.${++this.#fresh}`
    this.#names.add(name)
    return name
  }

  #spendCharacters(called: ModelFunction, characters: number): void {
    this.#characters += characters
    if (this.#characters > MAX_INLINED_CHARACTERS)
      throw new OnnxFormatError('over-limit', called.offset, 'The functions unfold into too many or too long names')
  }

  #spend(called: ModelFunction, items: number): void {
    this.#items += items
    if (this.#items > MAX_ITEMS)
      throw new OnnxFormatError('over-limit', called.offset, `The functions unfold into more than ${MAX_ITEMS} parts`)
  }
}

function keyOf(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain, name, overload])
}

/** What a call costs: nodes, their values and attributes, and those of the graphs inside. */
function partsOf(called: ModelFunction): number {
  return called.inputs.length + called.outputs.length + nodesSize(called.nodes)
}

function nodesSize(nodes: readonly Node[]): number {
  let size = 0
  for (const { inputs, outputs, attributes } of nodes) {
    size += 1 + inputs.length + outputs.length + attributes.size
    for (const attribute of attributes.values()) {
      if (attribute.kind === 'graph') size += graphSize(attribute.value)
      if (attribute.kind === 'graphs') for (const graph of attribute.value) size += graphSize(graph)
    }
  }
  return size
}

function graphSize(graph: Graph): number {
  const { inputs, outputs, initializers, valueInfo, nodes } = graph
  return inputs.length + outputs.length + initializers.length + valueInfo.length + nodesSize(nodes)
}
