/** A replica that sends false gradients. */
import { numberOf } from './support.ts'
import type { Attack } from './types.ts'

export const wrongBackward: Attack = {
  name: 'wrong-backward',
  about: 'sends its gradients multiplied by a factor, under a header that says so',
  expect: 'harmless',
  parameters: { factor: [-1e6, 1e6] },
  start: (hands, parameters) => {
    const factor = numberOf(parameters, 'factor', 1000)
    return {
      tensor(direction, bytes) {
        if (direction !== 'backward') return bytes
        hands.acts()
        const values = new Float32Array(bytes.slice().buffer).map(value => value * factor)
        return new Uint8Array(values.buffer)
      },
    }
  },
}
