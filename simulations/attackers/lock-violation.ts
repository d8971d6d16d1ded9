/** A voter that forgets its lock. */
import { noHash } from './support.ts'
import type { Attack } from './types.ts'

export const lockViolation: Attack = {
  name: 'lock-violation',
  about: 'precommits a value and then prevotes another in the next view, without a polka for it: AMNESIA',
  expect: 'evidence',
  parameters: {},
  start: hands => ({
    sign(payload) {
      if (payload.kind !== 'precommit' || payload.value === null) return false
      const { scope, view } = payload
      hands.after(50, () => {
        hands.acts()
        const value = noHash(hands)
        hands.send(hands.siblings, hands.sign({ kind: 'prevote', scope, view: view + 1, value, validView: -1 }), [])
      })
      return false
    },
  }),
}
