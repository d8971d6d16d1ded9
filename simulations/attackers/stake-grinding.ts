/** A leader that tries values until one promises it the next lead. */
import { compareBytes } from '../../protocols/wire/hash.ts'
import type { Value } from '../../protocols/wire/messages.ts'
import { idOf } from './support.ts'
import type { Attack } from './types.ts'

export const stakeGrinding: Attack = {
  name: 'stake-grinding',
  about:
    'as leader tries all selections of commitments and proposes the one with the smallest id: rankings read the beacon, never a value',
  expect: 'harmless',
  parameters: {},
  start: hands => ({
    sign(payload, attachments) {
      if (payload.kind !== 'propose' || payload.validView >= 0 || payload.value.commits === 'skip') return false
      const round = hands.round()
      const { value } = payload
      const { commits } = payload.value
      const least = round?.context.group.quorum ?? commits.length
      const tried: Value[] = [value]
      if (commits.length > least)
        for (const left of commits) tried.push({ ...value, commits: commits.filter(one => one !== left) })
      const [best = value] = tried.toSorted((a, b) => compareBytes(idOf(a), idOf(b)))
      hands.acts()
      const signed = hands.sign({ ...payload, value: best })
      hands.send(hands.siblings, signed, attachments)
      hands.hear(signed, attachments)
      return true
    },
  }),
}
