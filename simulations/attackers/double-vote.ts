/** A voter that votes twice. */
import { halves, noHash } from './support.ts'
import type { Attack } from './types.ts'

export const doubleVote: Attack = {
  name: 'double-vote',
  about: 'sends one half of its stage its vote and the other half another one; one peer hears both',
  expect: 'evidence',
  parameters: {},
  start: hands => ({
    sign(payload, attachments) {
      if ((payload.kind !== 'prevote' && payload.kind !== 'precommit') || payload.value === null) return false
      const { first, second } = halves(hands)
      const told = hands.sign(payload)
      const value = hands.random.chance(0.5) || payload.kind === 'precommit' ? null : noHash(hands)
      const other = hands.sign({ ...payload, value, validView: payload.kind === 'precommit' ? payload.validView : -1 })
      hands.acts()
      hands.send(first, told, attachments)
      hands.send(second, other, attachments)
      hands.hear(told, attachments)
      return true
    },
  }),
}
