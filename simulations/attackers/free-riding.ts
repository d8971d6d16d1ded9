/** A replica that commits without having learnt anything. */
import type { Attack } from './types.ts'

export const freeRiding: Attack = {
  name: 'free-riding',
  about: 'commits noise of the size of its momentum, and sends noise in place of activations',
  expect: 'harmless',
  parameters: {},
  start: hands => ({
    gradient(momentum) {
      hands.acts()
      let square = 0
      for (const value of momentum) square += value * value
      const size = Math.sqrt(square / momentum.length)
      return momentum.map(() => size * hands.random.normal())
    },
    tensor: (_, bytes) =>
      new Uint8Array(Float32Array.from({ length: bytes.length / 4 }, () => hands.random.normal()).buffer),
  }),
}
