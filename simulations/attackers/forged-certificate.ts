/** A certificate that was not made by a quorum. */
import type { Outcome, Signed } from '../../protocols/wire/messages.ts'
import { idOf, noHash } from './support.ts'
import type { Attack } from './types.ts'

export const forgedCertificate: Attack = {
  name: 'forged-certificate',
  about:
    'spreads a certificate of the next round that holds its own outcome as often as a quorum needs, and claims to be ahead',
  expect: 'refused',
  parameters: {},
  start: hands => ({
    sign(payload, attachments) {
      const round = hands.round()
      if (payload.kind !== 'outcome' || round === null) return false
      const { context } = round
      const own: Signed<Outcome> = hands.sign(payload)
      hands.send(hands.siblings, own, attachments)
      hands.hear(own, attachments)
      // What it would be if this round were decided as it is here, and the next one were SKIP.
      const scope = { ...context.scope, round: context.scope.round + 1 }
      const parent = { value: payload.value, outcome: noHash(hands) }
      const value = { scope, parent, reference: context.parentReference, commits: 'skip' as const, changes: [] }
      const outcome = { ...payload, scope, value: idOf(value), aggregateRoot: new Uint8Array(32), fullRoot: null }
      const envelope = hands.sign(outcome).envelope
      const outcomes = Array.from({ length: context.group.quorum }, () => envelope)
      hands.after(200, () => {
        hands.acts()
        hands.spread({ value, outcomes, commits: [] })
      })
      return true
    },
    opened() {
      const round = hands.round()
      if (round === null) return
      const { context } = round
      // A SKIP of this very round on the true parent: nothing is wrong with it but who has signed.
      const { scope, parent, parentReference: reference, parentState: state } = context
      const value = { scope, parent, reference, commits: 'skip' as const, changes: [] }
      const heard = new Uint8Array(Math.ceil(context.group.seats.length / 8))
      const outcome: Outcome = {
        kind: 'outcome',
        scope,
        value: idOf(value),
        aggregateRoot: new Uint8Array(32),
        state,
        fullRoot: null,
        heard,
      }
      const { envelope } = hands.sign(outcome)
      const forged = { value, outcomes: Array.from({ length: context.group.quorum }, () => envelope), commits: [] }
      hands.after(400, () => {
        hands.acts()
        hands.pretend(forged)
        hands.spread(forged)
      })
    },
  }),
}
