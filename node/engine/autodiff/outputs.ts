/** Gives values of a builder the names that a model's outputs shall have, without copying them where that can be avoided. */
import { type Graph, makeNode, makeValueInfo, type Node, type ValueInfo } from '../onnx/index.ts'
import type { GraphBuilder, Value } from './builder.ts'
import { pruneGraph } from './prune.ts'

export interface NamedOutput {
  readonly name: string
  readonly value: Value
}

/**
 * The pruned graph of all that `outputs` need. An output of which the shape is not known (what a detector finds, a sequence)
 * comes as the file declares it.
 */
export function graphOf(builder: GraphBuilder, name: string, outputs: readonly (NamedOutput | ValueInfo)[]): Graph {
  const produced = new Set(builder.nodes.flatMap(node => node.outputs))
  const named = outputs.filter(output => 'value' in output)
  const fixed = new Set(named.filter(output => output.name === output.value.name).map(output => output.name))
  const renamed = new Map<string, string>()
  const copies: Node[] = []
  for (const output of named) {
    const from = output.value.name
    if (from === output.name) continue
    // Inputs, constants and values that are outputs already keep their name: their second name is a copy.
    if (produced.has(from) && !fixed.has(from) && !renamed.has(from)) renamed.set(from, output.name)
    else
      copies.push(
        makeNode(
          'Identity',
          [renamed.get(from) ?? from],
          [output.name],
          {},
          { name: `${builder.prefix}copy.${output.name}` },
        ),
      )
  }
  const rename = (value: string) => renamed.get(value) ?? value
  const nodes = builder.nodes.map(node => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }))
  const infos = outputs.map(output =>
    'value' in output ? makeValueInfo(output.name, output.value.type, output.value.shape) : output,
  )
  return pruneGraph({ ...builder.finish(name, []), nodes: [...nodes, ...copies], outputs: infos })
}
