/** A peer that sends what no peer would. */
import type { Attack } from './types.ts'

export const malformedFrames: Attack = {
  name: 'malformed-frames',
  about: 'sends its siblings bytes that are no message, and messages that are longer than allowed',
  expect: 'refused',
  parameters: {},
  start: hands => ({
    opened() {
      hands.acts()
      hands.sendMalformed(hands.siblings, hands.random.chance(0.5) ? 100 : 64 * 1024 * 1024)
    },
  }),
}
