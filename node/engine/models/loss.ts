/** Cross-entropy in nats, mean over the tokens, with its gradient in closed form: (softmax - one-hot) / tokens. */
import type { Operators, Value } from '../autodiff/index.ts'

export interface CrossEntropy {
  /** [1]. */
  readonly loss: Value
  /** Emits the gradient with respect to the logits. */
  readonly gradient: () => Value
}

/**
 * @param logits [rows, vocabulary] @param targets [rows]
 * @param tokens what the sum over the rows is divided by: all tokens of the batch, where these are a part of it
 */
export function crossEntropy(g: Operators, logits: Value, targets: Value, tokens: number): CrossEntropy {
  const rows = logits.shape[0]!
  const column = g.reshape(targets, [rows, 1])
  const logProbabilities = g.one('LogSoftmax', [logits], { axis: -1 })
  const chosen = g.one('GatherElements', [logProbabilities, column], { axis: 1 })
  const loss = g.scale(g.reshape(g.reduceSum(chosen, [0, 1]), [1]), -1 / tokens)
  const gradient = () => {
    // Labels do not repeat within a row, so the scatter cannot collide.
    const difference = g.one('ScatterElements', [g.exp(logProbabilities), column, g.filled([rows, 1], -1)], {
      axis: 1,
      reduction: 'add',
    })
    return g.scale(difference, 1 / tokens)
  }
  return { loss, gradient }
}
