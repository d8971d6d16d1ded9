/** A replica that sends false activations. */
import { numberOf } from './support.ts'
import type { Attack } from './types.ts'

export const wrongForward: Attack = {
  name: 'wrong-forward',
  about: 'sends its activations multiplied by a factor, under a header that says so',
  expect: 'harmless',
  parameters: { factor: [-1e6, 1e6] },
  start: (hands, parameters) => {
    const factor = numberOf(parameters, 'factor', -10)
    return {
      tensor(direction, bytes) {
        if (direction !== 'forward') return bytes
        hands.acts()
        const values = new Float32Array(bytes.slice().buffer).map(value => value * factor)
        return new Uint8Array(values.buffer)
      },
    }
  },
}
