/** Sequences of tensors, followed by the names of what is in them: with static shapes it is known what stands where. */
import { intTensor, makeNode, type Node } from '../../onnx/index.ts'
import { intAttribute } from '../attributes.ts'
import { normalAxis, range } from '../shape.ts'
import { bind, constantNumber, parts, stack, withoutAxis } from './copy.ts'
import { MAX_STEPS } from './loop.ts'
import type { Expansion, Surroundings } from './types.ts'

const TOO_MANY = `splits into more than ${MAX_STEPS} tensors`
const UNKNOWN = 'uses a sequence whose tensors, or a place in it that is not known before it runs'

export const SEQUENCES: Readonly<Record<string, Expansion>> = {
  SequenceEmpty: (around, node) => define(around, node, []),
  SequenceConstruct: (around, node) => define(around, node, node.inputs),
  Identity: (around, node) => define(around, node, listOf(around, node)),
  SequenceInsert: (around, node) => {
    const list = listOf(around, node)
    const place = placeOf(around, node, 2, list?.length)
    return define(around, node, place === null ? null : (list?.toSpliced(place, 0, node.inputs[1]!) ?? null))
  },
  SequenceErase: (around, node) => {
    const list = listOf(around, node)
    const place = placeOf(around, node, 1, (list?.length ?? 0) - 1)
    return define(around, node, place === null ? null : (list?.toSpliced(place, 1) ?? null))
  },
  SequenceAt: (around, node) => {
    const list = listOf(around, node)
    const place = constantNumber(around, node.inputs[1] ?? '')
    const element = place === null ? undefined : list?.at(place)
    if (element === undefined) return UNKNOWN
    bind(around, element, node.outputs[0]!)
    return null
  },
  SequenceLength: (around, node) => {
    const list = listOf(around, node)
    if (list === null) return UNKNOWN
    around.builder.constant(intTensor(node.outputs[0]!, [], [list.length]))
    return null
  },
  SplitToSequence: (around, node) => {
    const [input = '', split = ''] = node.inputs
    const value = around.builder.find(input)
    const given = split === '' ? null : around.builder.find(split)
    const numbers = given ? around.builder.numbers(given) : null
    if (value === undefined || (split !== '' && numbers === null)) return UNKNOWN
    const axis = normalAxis(intAttribute(node, 'axis', 0), value.shape.length)
    const length = value.shape[axis]!
    const sizes = sizesOf(length, given?.shape.length ?? 0, numbers)
    if (sizes === null) return TOO_MANY
    const list = parts(around, input, axis, sizes)
    const isDropped = split === '' && intAttribute(node, 'keepdims', 1) === 0
    return define(around, node, isDropped ? withoutAxis(around, list, axis) : list)
  },
  ConcatFromSequence: (around, node) => {
    const list = listOf(around, node)
    if (list === null || list.length === 0) return UNKNOWN
    const axis = intAttribute(node, 'axis', 0)
    if (intAttribute(node, 'new_axis', 0) === 1) stack(around, list, axis, node.outputs[0]!)
    // `new_axis` may be given as 0, and Concat has no such attribute.
    else around.add(makeNode('Concat', list, node.outputs, { axis }, { name: node.name }))
    return null
  },
}

/** A scalar is the size of each part but the last, a list has one for each; none is 1. Null for too many parts. */
function sizesOf(length: number, rank: number, numbers: readonly number[] | null): readonly number[] | null {
  if (rank === 1 && numbers !== null) return numbers
  const size = numbers?.[0] ?? 1
  if (!(size >= 1) || length / size > MAX_STEPS) return null
  return range(Math.ceil(length / size)).map(part => Math.min(size, length - part * size))
}

function listOf(around: Surroundings, node: Node): readonly string[] | null {
  return around.sequences.get(node.inputs[0] ?? '') ?? null
}

function placeOf(around: Surroundings, node: Node, input: number, otherwise: number | undefined): number | null {
  const name = node.inputs[input] ?? ''
  return name === '' ? (otherwise ?? null) : constantNumber(around, name)
}

/** The node stays too, for a model whose output is the sequence itself. */
function define(around: Surroundings, node: Node, list: readonly string[] | null): string | null {
  if (list === null) return UNKNOWN
  around.sequences.set(node.outputs[0]!, list)
  around.builder.nodes.push(node)
  return null
}
