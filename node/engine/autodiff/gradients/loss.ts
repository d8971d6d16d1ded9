/** Gradients of the cross-entropy losses: softmax minus one-hot. */
import { DataType } from '../../onnx/index.ts'
import { intAttribute, textAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { elements, range } from '../shape.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const LOSS_GRADIENTS: GradientRules = {
  SoftmaxCrossEntropyLoss: c => {
    const { g, x } = c
    const { labels, coefficient } = labelled(c)
    const probabilities = g.one('Softmax', [x], { axis: 1 })
    const minusOne = g.expand(g.scalar(-1, x.type), labels.shape)
    const difference = g.one('ScatterElements', [probabilities, labels, minusOne], { axis: 1, reduction: 'add' })
    return [g.mul(difference, coefficient)]
  },
  NegativeLogLikelihoodLoss: c => {
    const { labels, coefficient } = labelled(c)
    return [c.g.scatterAdd(c.x.shape, 1, labels, c.g.neg(coefficient))]
  },
}

/**
 * Labels as [N, 1, ...] with ignored ones set to class 0, and what each label's term weighs in the loss, in the same shape:
 * the class weight (0 where ignored), over the sum of these for the mean, times the loss's gradient.
 */
function labelled(c: GradientContext): { labels: Value; coefficient: Value } {
  const { g, x, dy } = c
  const target = g.cast(c.input(1), DataType.int64)
  const shape = target.shape.toSpliced(1, 0, 1)
  const ignored = c.node.attributes.has('ignore_index')
  const isIgnored = ignored
    ? g.one('Equal', [target, g.scalar(intAttribute(c.node, 'ignore_index', 0), DataType.int64)])
    : null
  const safe = isIgnored ? g.one('Where', [isIgnored, g.scalar(0, DataType.int64), target]) : target
  const classWeights = c.inputs[2]
  const plain = classWeights
    ? g.one('Gather', [classWeights, safe], { axis: 0 })
    : g.expand(g.scalar(1, x.type), target.shape)
  const weight = isIgnored ? g.one('Where', [isIgnored, g.scalar(0, x.type), plain]) : plain
  const reduction = textAttribute(c.node, 'reduction', 'mean')
  const constant = !classWeights && !ignored
  let share = dy
  if (reduction === 'mean') {
    const total = constant
      ? g.scalar(elements(target.shape), x.type)
      : g.reduceSum(weight, range(weight.shape.length), false)
    share = g.div(dy, total)
  }
  return { labels: g.reshape(safe, shape), coefficient: g.reshape(g.mul(weight, share), shape) }
}
