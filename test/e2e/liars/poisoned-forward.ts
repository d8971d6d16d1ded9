/** Sends large noise in place of what its stage computes: its successor computes an honest gradient of nonsense. */
import { instead } from '../../../simulations/attackers/instead.ts'
import { runLiar } from './liar.ts'

const SIZE = 1000

await runLiar(parts => {
  const { engine } = parts
  return {
    ...parts,
    engine: instead(engine, {
      async forward(input, options) {
        const honest = await engine.forward(input, options)
        const noise = new Float32Array(honest.byteLength / 4).map(() => SIZE * (2 * Math.random() - 1))
        return new Uint8Array(noise.buffer)
      },
    }),
  }
})
