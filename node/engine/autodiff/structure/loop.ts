/**
 * Loop and Scan written out step by step, as recurrent layers of TensorFlow, Keras and JAX come: shapes are static, so is the
 * number of steps, but where it depends on data.
 */
import { bytesOf, DataType, type Graph, type Node } from '../../onnx/index.ts'
import { intAttribute, intsAttribute } from '../attributes.ts'
import { normalAxis, range } from '../shape.ts'
import { addCopy, bind, constantNumber, graphAttribute, nodeCount, parts, stack, withoutAxis } from './copy.ts'
import type { Expansion, Surroundings } from './types.ts'

/** Beyond, the graph would have more nodes than a session should be made of. */
export const MAX_STEPS = 1024
/** Of all loops of a model together: loops in loops multiply. */
const MAX_NODES = 2 ** 16

const TOO_LONG = `runs more than ${MAX_STEPS} times, or unfolds with the others into more than ${MAX_NODES} nodes`
const UNKNOWN_COUNT = 'runs a number of times that is not a constant'

/** Loop-1: inputs are how often at most, whether at all, and values that the body hands on. */
export const loop: Expansion = (around, node) => {
  const body = graphAttribute(node, 'body')
  const [most = '', condition = '', ...initial] = node.inputs
  const limit = most === '' ? Number.POSITIVE_INFINITY : constantNumber(around, most)
  let goesOn = condition === '' ? 1 : constantNumber(around, condition)
  if (body === null || limit === null || goesOn === null) return UNKNOWN_COUNT
  const title = node.name || node.outputs[0] || 'loop'
  const counterShape = body.inputs[0]?.type?.shape?.length === 1 ? [1] : []
  const shared = new Map<string, string>()
  let states: readonly string[] = initial
  const collected = node.outputs.slice(initial.length).map((): string[] => [])
  for (let step = 0; step < limit && goesOn !== 0; step++) {
    if (step >= MAX_STEPS || isTooLarge(around, body)) return TOO_LONG
    const counter = constant(around, `${title}/${step}/step`, DataType.int64, counterShape, step)
    const flag = constant(around, `${title}/${step}/goes-on`, DataType.bool, [], 1)
    const inputs = [counter, flag, ...states]
    const [next, ...outputs] = addCopy(around, body, { inputs, prefix: `${title}/${step}/`, shared })
    goesOn = constantNumber(around, next ?? '')
    if (goesOn === null) return UNKNOWN_COUNT
    states = outputs.slice(0, initial.length)
    for (const [index, list] of collected.entries()) list.push(outputs[initial.length + index]!)
  }
  if (collected.some(list => list.length === 0)) return 'runs not once, so that what it collects has no shape'
  finish(
    around,
    node,
    states,
    collected.map(list => ({ list, axis: 0 })),
  )
  return null
}

/** Scan-9: the body runs once for each element along an axis of its last `num_scan_inputs` inputs. */
export const scan: Expansion = (around, node) => {
  const body = graphAttribute(node, 'body')
  const count = node.inputs.length - intAttribute(node, 'num_scan_inputs', 0)
  if (body === null || (node.opset ?? around.opset) < 9) return 'is of a form that is not covered'
  const axes = intsAttribute(node, 'scan_input_axes')
  const directions = intsAttribute(node, 'scan_input_directions')
  const scanned: string[][] = []
  for (const [index, name] of node.inputs.slice(count).entries()) {
    const shape = around.builder.find(name)?.shape
    if (shape === undefined) return UNKNOWN_COUNT
    const axis = normalAxis(axes?.[index] ?? 0, shape.length)
    const length = shape[axis]!
    if (length > MAX_STEPS) return TOO_LONG
    const elements = withoutAxis(around, parts(around, name, axis, new Array<number>(length).fill(1)), axis)
    scanned.push(directions?.[index] === 1 ? elements.reverse() : elements)
  }
  const title = node.name || node.outputs[0] || 'scan'
  const shared = new Map<string, string>()
  let states: readonly string[] = node.inputs.slice(0, count)
  const collected = node.outputs.slice(count).map((): string[] => [])
  for (const step of range(scanned[0]?.length ?? 0)) {
    if (isTooLarge(around, body)) return TOO_LONG
    const inputs = [...states, ...scanned.map(list => list[step]!)]
    const outputs = addCopy(around, body, { inputs, prefix: `${title}/${step}/`, shared })
    states = outputs.slice(0, count)
    for (const [index, list] of collected.entries()) list.push(outputs[count + index]!)
  }
  if (collected.some(list => list.length === 0)) return 'runs not once, so that what it collects has no shape'
  const outputAxes = intsAttribute(node, 'scan_output_axes')
  const outputDirections = intsAttribute(node, 'scan_output_directions')
  finish(
    around,
    node,
    states,
    collected.map((list, index) => ({
      list: outputDirections?.[index] === 1 ? list.reverse() : list,
      axis: outputAxes?.[index] ?? 0,
    })),
  )
  return null
}

function isTooLarge(around: Surroundings, body: Graph): boolean {
  return around.unfolded.nodes + nodeCount(body) > MAX_NODES
}

function finish(
  around: Surroundings,
  node: Node,
  states: readonly string[],
  collected: readonly { readonly list: readonly string[]; readonly axis: number }[],
): void {
  for (const [index, state] of states.entries()) bind(around, state, node.outputs[index] ?? '')
  for (const [index, { list, axis }] of collected.entries())
    stack(around, list, axis, node.outputs[states.length + index] ?? '')
}

function constant(around: Surroundings, wanted: string, type: DataType, shape: readonly number[], value: number) {
  const name = around.names.free(wanted)
  const data = type === DataType.bool ? Uint8Array.of(value) : bytesOf(BigInt64Array.of(BigInt(value)))
  return around.builder.constant({ name, type, shape, data, documentation: '' }).name
}
