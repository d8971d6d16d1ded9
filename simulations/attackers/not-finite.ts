/** A replica that sends what is not a number. */
import type { Attack } from './types.ts'

export const notFinite: Attack = {
  name: 'not-finite',
  about: 'sends tensors that hold NaN',
  expect: 'refused',
  parameters: {},
  start: hands => ({
    tensor(_, bytes) {
      hands.acts()
      return new Uint8Array(new Float32Array(bytes.length / 4).fill(Number.NaN).buffer)
    },
  }),
}
