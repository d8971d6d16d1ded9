/** A leader that tells two halves of its stage two different values. */
import { halves, otherValue } from './support.ts'
import type { Attack } from './types.ts'

export const equivocatingProposer: Attack = {
  name: 'equivocating-proposer',
  about: 'proposes one value to one half of its stage and another to the other half; one peer hears both',
  expect: 'evidence',
  parameters: {},
  start: hands => ({
    sign(payload, attachments) {
      if (payload.kind !== 'propose' || payload.validView >= 0) return false
      const { first, second } = halves(hands)
      const told = hands.sign(payload)
      const other = hands.sign({ ...payload, value: otherValue(hands, payload) })
      hands.acts()
      hands.send(first, told, attachments)
      hands.send(second, other, attachments)
      hands.hear(told, attachments)
      return true
    },
  }),
}
