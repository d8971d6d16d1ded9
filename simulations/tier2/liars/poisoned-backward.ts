/** Sends gradients against their direction, a thousand times as long, to the stage before. */
import { scaled } from '../../../node/peer/tensors.ts'
import { instead } from './instead.ts'
import type { Lie } from './types.ts'

const FACTOR = -1000

export const poisonedBackward: Lie = (parts, { acts }) => {
  const { engine, run } = parts
  const encoding = run.manifest.encoding.activation
  return {
    ...parts,
    engine: instead(engine, {
      async head(input, targets, into, options) {
        acts()
        const { loss, inputGradient } = await engine.head(input, targets, into, options)
        return { loss, inputGradient: inputGradient === null ? null : scaled(inputGradient, FACTOR, encoding) }
      },
    }),
  }
}
