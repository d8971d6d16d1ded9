/** A server of state that gives something else. */
import type { Attack } from './types.ts'

export const wrongState: Attack = {
  name: 'wrong-state',
  about: 'gives who catches up aggregates and snapshots with one byte changed',
  expect: 'refused',
  parameters: {},
  start: hands => ({
    state(bytes) {
      hands.acts()
      const lie = bytes.slice()
      lie[0]! ^= 1
      return lie
    },
  }),
}
