/** An author that commits twice. */

import { smallHash } from '../../protocols/wire/hash.ts'
import { merkleRoot } from '../../protocols/wire/merkle.ts'
import { halves, noHash } from './support.ts'
import type { Attack } from './types.ts'

export const doubleCommit: Attack = {
  name: 'double-commit',
  about: 'sends one half of its stage its commitment and the other half another one; one peer hears both',
  expect: 'evidence',
  parameters: {},
  start: hands => ({
    sign(payload, attachments) {
      if (payload.kind !== 'commit') return false
      const { first, second } = halves(hands)
      const leaves = payload.leaves.map(() => noHash(hands))
      const told = hands.sign(payload)
      const other = hands.sign({ ...payload, leaves, root: merkleRoot(leaves, smallHash) })
      hands.acts()
      hands.send(first, told, attachments)
      hands.send(second, other, attachments)
      hands.hear(told, attachments)
      return true
    },
  }),
}
