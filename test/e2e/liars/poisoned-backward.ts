/** Sends gradients against their direction, a thousand times as long, to the stage before. */
import { scaled } from '../../../node/peer/tensors.ts'
import { instead } from '../../../simulations/attackers/instead.ts'
import { runLiar } from './liar.ts'

const FACTOR = -1000

await runLiar(parts => {
  const { engine } = parts
  return {
    ...parts,
    engine: instead(engine, {
      async head(input, targets, into, options) {
        const { loss, inputGradient } = await engine.head(input, targets, into, options)
        return { loss, inputGradient: inputGradient === null ? null : scaled(inputGradient, FACTOR) }
      },
    }),
  }
})
