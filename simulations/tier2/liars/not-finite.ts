/** Sends tensors of NaN to the next stage and the one before. */
import { instead } from './instead.ts'
import type { Lie } from './types.ts'

export const notFinite: Lie = (parts, { acts }) => {
  const { engine } = parts
  const nothing = (bytes: Uint8Array): Uint8Array => {
    acts()
    return new Uint8Array(new Float32Array(bytes.byteLength / 4).fill(Number.NaN).buffer)
  }
  return {
    ...parts,
    engine: instead(engine, {
      forward: async (input, options) => nothing(await engine.forward(input, options)),
      async head(input, targets, into, options) {
        const { loss, inputGradient } = await engine.head(input, targets, into, options)
        return { loss, inputGradient: inputGradient === null ? null : nothing(inputGradient) }
      },
    }),
  }
}
