/** Sends large noise in place of what its stage computes: its successor computes an honest gradient of nonsense. */
import { instead } from './instead.ts'
import type { Lie } from './types.ts'

const SIZE = 1000

export const poisonedForward: Lie = (parts, { acts }) => {
  const { engine } = parts
  return {
    ...parts,
    engine: instead(engine, {
      async forward(input, options) {
        acts()
        const honest = await engine.forward(input, options)
        const noise = new Float32Array(honest.byteLength / 4).map(() => SIZE * (2 * Math.random() - 1))
        return new Uint8Array(noise.buffer)
      },
    }),
  }
}
