/** An attacker: leads only when it likes the round. Run it: npx swarm-sim run moody --with docs/research/examples/attacker.ts */
import type { Extension } from '../../../simulations/extend.ts'
import { scenario } from '../../../simulations/scenario/defaults.ts'

export default {
  attackers: [
    {
      name: 'moody-leader',
      about: 'proposes in even rounds only',
      expect: 'harmless',
      parameters: {},
      start: hands => ({
        // Everything that is about to be signed comes by; true means that it was dealt with, and is not sent.
        sign(payload) {
          if (payload.kind !== 'propose' || payload.scope.round % 2 === 0) return false
          hands.acts()
          return true
        },
      }),
    },
  ],
  scenarios: [
    scenario({
      name: 'moody',
      about: 'A leader that proposes every other round costs a view, and nothing else.',
      attackers: [{ attack: 'moody-leader', who: { stage: 0, count: 1 } }],
    }),
  ],
} satisfies Extension
