/** Mean cross-entropy over all tokens, in nats, with its gradient in closed form: (softmax - one-hot) / tokens. */
import type { Operators, Value } from '../autodiff/index.ts'
import { floatTensor } from '../onnx/index.ts'

export interface CrossEntropy {
  /** [1]. */
  readonly loss: Value
  /** Emits the gradient with respect to the logits. */
  readonly gradient: () => Value
}

/** @param logits [tokens, vocabulary] @param targets [tokens] */
export function crossEntropy(g: Operators, logits: Value, targets: Value): CrossEntropy {
  const tokens = logits.shape[0]!
  const column = g.reshape(targets, [tokens, 1])
  const logProbabilities = g.one('LogSoftmax', [logits], { axis: -1 })
  const chosen = g.one('GatherElements', [logProbabilities, column], { axis: 1 })
  const loss = g.neg(g.reshape(g.reduceMean(chosen, [0, 1]), [1]))
  const gradient = () => {
    const minusOne = g.constant(floatTensor('minus-one', [tokens, 1], new Float32Array(tokens).fill(-1)))
    // Labels do not repeat within a row, so the scatter cannot collide.
    const difference = g.one('ScatterElements', [g.exp(logProbabilities), column, minusOne], {
      axis: 1,
      reduction: 'add',
    })
    return g.scale(difference, 1 / tokens)
  }
  return { loss, gradient }
}
