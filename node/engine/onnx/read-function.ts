/** FunctionProto: an operator that the model defines itself, as nodes. `inline.ts` puts them where they are called. */
import { OnnxFormatError } from './errors.ts'
import { FUNCTION } from './fields.ts'
import { type Attribute, isStandard, type Node, type OperatorSet } from './model.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import { readAttribute } from './read-attribute.ts'
import type { ReadContext } from './read-context.ts'
import { readGraph, readNode } from './read-graph.ts'
import { readOperatorSet } from './read-opset.ts'

export interface ModelFunction {
  readonly domain: string
  readonly name: string
  readonly overload: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly nodes: readonly Node[]
  /** Attributes that a call may leave out. */
  readonly defaults: ReadonlyMap<string, Attribute>
  readonly opsets: readonly OperatorSet[]
  /** Where it stands in the file. */
  readonly offset: number
}

export function readFunction(reader: ProtobufReader, outside: ReadContext): ModelFunction {
  const offset = reader.position
  const context = { ...outside, inFunction: true }
  let domain = ''
  let name = ''
  let overload = ''
  const inputs: string[] = []
  const outputs: string[] = []
  const nodes: Node[] = []
  const defaults = new Map<string, Attribute>()
  const opsets: OperatorSet[] = []
  for (const field of reader.fields()) {
    switch (field.number) {
      case FUNCTION.name:
        name = reader.text(field)
        break
      case FUNCTION.domain:
        domain = reader.text(field)
        break
      case FUNCTION.overload:
        overload = reader.text(field)
        break
      case FUNCTION.inputs:
        inputs.push(reader.text(field))
        break
      case FUNCTION.outputs:
        outputs.push(reader.text(field))
        break
      case FUNCTION.nodes:
        nodes.push(readNode(reader.message(field), context))
        break
      case FUNCTION.opsetImport:
        opsets.push(readOperatorSet(reader.message(field)))
        break
      case FUNCTION.defaults: {
        const [key, attribute] = readAttribute(reader.message(field), outside, inner =>
          readGraph(inner, { ...outside, depth: outside.depth + 1 }),
        )
        defaults.set(key, attribute)
        break
      }
      default:
        reader.skip(field)
    }
  }
  if (name === '') throw new OnnxFormatError('missing-field', offset, 'A function has no name')
  return { domain: isStandard(domain) ? '' : domain, name, overload, inputs, outputs, nodes, defaults, opsets, offset }
}
