/**
 * Reverse-mode differentiation (Linnainmaa 1970): walk the nodes backwards, ask each node's rule what its outputs' gradients
 * mean for its inputs, and add up where a value is used more than once.
 */
import { isFloat, type Node } from '../onnx/index.ts'
import type { Value } from './builder.ts'
import { isComposite } from './decompose/index.ts'
import { DifferentiationError } from './errors.ts'
import { gradientRule } from './gradients/index.ts'
import { GradientContext } from './gradients/types.ts'
import type { Operators } from './operators.ts'
import { usedNames } from './prune.ts'
import { operatorKey } from './shapes/index.ts'
import { isStructure } from './structure/index.ts'

/**
 * @param seeds gradients of the outputs, by value name
 * @param targets names of the values whose gradients are wanted
 * @returns the gradient of each target that the outputs depend on
 */
export function reverse(
  g: Operators,
  seeds: ReadonlyMap<string, Value>,
  targets: ReadonlySet<string>,
): Map<string, Value> {
  const nodes = [...g.nodes]
  const active = activeValues(g, nodes, targets)
  const gradients = new Map(seeds)
  for (const node of nodes.toReversed()) {
    const isUsed = node.outputs.some(name => gradients.has(name) && active.has(name))
    if (!isUsed) continue
    const rule = ruleOf(g, node)
    const context = new GradientContext(
      node,
      g,
      node.outputs.map(name => gradients.get(name) ?? null),
    )
    const results = rule(context)
    for (const [index, name] of node.inputs.entries()) {
      const result = results[index]
      if (!active.has(name)) continue
      if (!result) {
        // Rules without parameters are those of piecewise constant operators: there the gradient is 0.
        if (rule.length > 0 && isFloat(g.value(name).type))
          throw context.fault(`has no gradient for its input ${index}`)
        continue
      }
      const gradient = g.sumTo(result, g.value(name).shape)
      const earlier = gradients.get(name)
      gradients.set(name, earlier ? g.accumulate(earlier, gradient) : gradient)
    }
    // A gradient that has been passed on is not needed again, unless somebody asked for it.
    for (const name of node.outputs) if (!targets.has(name)) gradients.delete(name)
  }
  return gradients
}

/** Values that depend on a target through floating point numbers. */
function activeValues(g: Operators, nodes: readonly Node[], targets: ReadonlySet<string>): Set<string> {
  const active = new Set(targets)
  for (const node of nodes) {
    if (!usedNames(node).some(name => active.has(name))) continue
    for (const name of node.outputs) {
      const value = g.find(name)
      if (name !== '' && (value === undefined || isFloat(value.type))) active.add(name)
    }
  }
  return active
}

function ruleOf(g: Operators, node: Node): NonNullable<ReturnType<typeof gradientRule>> {
  const key = operatorKey(node)
  const rule = gradientRule(key)
  if (rule === undefined) {
    const title = `Node '${node.name || node.outputs[0]}' (${key})`
    // Where something before it has no shape, that is the reason.
    if (isComposite(node)) for (const name of node.inputs) if (name !== '') g.value(name)
    const kept = isStructure(node) || isComposite(node) ? g.reasonFor(node) : undefined
    if (kept !== undefined) throw kept
    const why = isComposite(node)
      ? 'but uses a part of this operator that is not covered'
      : 'but there is no gradient rule for this operator'
    throw new DifferentiationError('no-rule', `${title} is on the path of a gradient, ${why}.`)
  }
  return rule
}
