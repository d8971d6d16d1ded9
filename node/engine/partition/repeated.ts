/**
 * What every stage computes for itself instead of getting it from the stage before: masks, positions and angles, which depend
 * on the inputs and on no parameter. Blocks share them, so that without this no place between blocks had one value crossing.
 */
import type { Operators } from '../autodiff/index.ts'
import { usedNames } from '../autodiff/index.ts'
import type { Node } from '../onnx/index.ts'
import { isProduct } from './graph-cost.ts'

/** Computed twice, these give two results. */
const RANDOM = new Set(
  'Dropout Bernoulli Multinomial RandomNormal RandomUniform RandomNormalLike RandomUniformLike'.split(' '),
)

/** Nodes that depend on no parameter and are cheap: no product of matrices, and no result of the model. */
export function repeatedNodes(
  g: Operators,
  parameters: ReadonlySet<string>,
  outputs: ReadonlySet<string>,
): ReadonlySet<Node> {
  const fixed = new Set<string>(parameters)
  const repeated = new Set<Node>()
  for (const node of g.nodes) {
    const isFixed =
      isProduct(node) ||
      RANDOM.has(node.opType) ||
      node.outputs.some(name => outputs.has(name)) ||
      usedNames(node).some(name => fixed.has(name))
    if (isFixed) for (const name of node.outputs) fixed.add(name)
    else repeated.add(node)
  }
  return repeated
}

/** The stage's nodes behind those of `repeated` that they need, in order. */
export function withRepeated(nodes: readonly Node[], repeated: ReadonlySet<Node>): Node[] {
  const own = nodes.filter(node => !repeated.has(node))
  const needed = new Set(own.flatMap(usedNames))
  const before: Node[] = []
  for (const node of [...repeated].reverse()) {
    if (!node.outputs.some(name => needed.has(name))) continue
    before.push(node)
    for (const name of usedNames(node)) needed.add(name)
  }
  return [...before.reverse(), ...own]
}
