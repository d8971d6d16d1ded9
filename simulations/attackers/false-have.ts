/** A candidate that promises what it does not hold. */
import type { Attack } from './types.ts'

export const falseHave: Attack = {
  name: 'false-have',
  about: 'acknowledges every partition of every commitment that it hears of, and serves nothing',
  expect: 'harmless',
  parameters: {},
  start: hands => ({
    sign(payload, attachments) {
      const round = hands.round()
      if (payload.kind !== 'have' || round === null) return false
      hands.acts()
      const bytes = Math.ceil(round.context.partitions / 8)
      const full = Uint8Array.from({ length: bytes }, (_, at) => {
        const bits = Math.min(8, round.context.partitions - 8 * at)
        return (1 << bits) - 1
      })
      const held = [...round.commits.values()]
        .map(({ signer, payload: { root } }) => ({ author: signer, root, bitmap: full }))
        .sort((a, b) => (a.author < b.author ? -1 : 1))
      const lie = hands.sign({ ...payload, held })
      hands.send(hands.siblings, lie, attachments)
      hands.hear(lie, attachments)
      return true
    },
    serves: () => null,
  }),
}
