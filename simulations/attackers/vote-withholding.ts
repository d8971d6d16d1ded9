/** A voter that keeps its votes to itself. */
import type { Attack } from './types.ts'

export const voteWithholding: Attack = {
  name: 'vote-withholding',
  about: 'works and proposes, but does not vote and signs no outcome',
  expect: 'harmless',
  parameters: {},
  start: hands => ({
    sign(payload) {
      const { kind } = payload
      if (kind !== 'prevote' && kind !== 'precommit' && kind !== 'outcome') return false
      hands.acts()
      return true
    },
    resends: ({ payload }) => payload.kind !== 'prevote' && payload.kind !== 'precommit' && payload.kind !== 'outcome',
  }),
}
