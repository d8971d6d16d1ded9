/** A leader that says nothing when it leads. */
import type { Attack } from './types.ts'

export const silentLeader: Attack = {
  name: 'silent-leader',
  about: 'does everything but propose',
  expect: 'harmless',
  parameters: {},
  start: hands => ({
    sign(payload) {
      if (payload.kind === 'propose') hands.acts()
      return payload.kind === 'propose'
    },
  }),
}
