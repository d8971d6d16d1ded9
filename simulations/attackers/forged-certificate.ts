/** A certificate that was not made by a quorum. */
import type { RoundState } from '../../consensus/round/types.ts'
import type { Certificate, Outcome } from '../../protocols/wire/messages.ts'
import { idOf, noHash } from './support.ts'
import type { Attack, Hands } from './types.ts'

/** After a round was opened everywhere. */
const DELAY_MS = 400

/** SKIP of this round or of the next, with the own outcome as often as a quorum needs. */
function forge(hands: Hands, { context }: RoundState, ahead: 0 | 1): Certificate {
  const { parent, parentReference: reference, parentState: state, group } = context
  const scope = { ...context.scope, round: context.scope.round + ahead }
  const follows = ahead === 0 ? parent : { value: noHash(hands), outcome: noHash(hands) }
  const value = { scope, parent: follows, reference, commits: 'skip' as const, changes: [] }
  const outcome: Outcome = {
    kind: 'outcome',
    scope,
    value: idOf(value),
    aggregateRoot: new Uint8Array(32),
    state,
    fullRoot: null,
    heard: new Uint8Array(Math.ceil(group.seats.length / 8)),
  }
  const { envelope } = hands.sign(outcome)
  return { value, outcomes: Array.from({ length: group.quorum }, () => envelope), commits: [] }
}

export const forgedCertificate: Attack = {
  name: 'forged-certificate',
  about:
    'spreads a certificate of the next round that holds its own outcome as often as a quorum needs, and serves one of this round, on the true parent, to who believes that it is ahead',
  expect: 'refused',
  parameters: {},
  start: hands => ({
    opened() {
      hands.after(DELAY_MS, () => {
        const round = hands.round()
        if (round === null) return
        hands.acts()
        hands.pretend(forge(hands, round, 0))
        hands.spread(forge(hands, round, 1))
      })
    },
  }),
}
