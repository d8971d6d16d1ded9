/** A replica that lists work twice, and work that it did not do. */
import type { Attack } from './types.ts'

export const falseReceipts: Attack = {
  name: 'false-receipts',
  about: 'lists the micro-batches of its commitment twice, and some that others did',
  expect: 'harmless',
  parameters: {},
  start: hands => ({
    sign(payload, attachments) {
      if (payload.kind !== 'commit' || payload.trace.length === 0) return false
      hands.acts()
      const others = [...(hands.round()?.commits.values() ?? [])].flatMap(({ payload: { trace } }) => trace.slice(0, 1))
      const lie = hands.sign({ ...payload, trace: [...payload.trace, ...payload.trace, ...others] })
      hands.send(hands.siblings, lie, attachments)
      hands.hear(lie, attachments)
      return true
    },
  }),
}
