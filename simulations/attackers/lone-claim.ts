/** A claimant that wants the stage to go on from what it alone has. */
import type { Attack } from './types.ts'

export const loneClaim: Attack = {
  name: 'lone-claim',
  about:
    'keeps its certificates to itself, and claims the newest of them, or one that no quorum signed, when its stage has lost its quorum',
  expect: 'harmless',
  parameters: {},
  start: hands => ({
    hides: true,
    claim(claim) {
      hands.acts()
      const { newest } = claim
      const [first] = newest?.outcomes ?? []
      if (newest === null || first === undefined || hands.random.chance(0.75)) return claim
      return { ...claim, newest: { ...newest, outcomes: newest.outcomes.map(() => first) } }
    },
  }),
}
