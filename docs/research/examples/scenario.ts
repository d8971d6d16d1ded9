/** A scenario: night falls while a liar is about. Run it: npx swarm-sim sweep nightfall --with docs/research/examples/scenario.ts */
import type { Extension } from '../../../simulations/extend.ts'
import { scenario } from '../../../simulations/scenario/defaults.ts'

export default {
  scenarios: [
    scenario({
      name: 'nightfall',
      about: 'Half of the laptops close one after the other while one voter says two things.',
      swarm: { stages: 2, replicas: 4, peers: [{ index: 0, speed: 0.5, latency: 'wan' }] },
      network: { loss: 0.01 },
      workload: { rounds: 6, rule: 'median' },
      // Until then faults are drawn: so many a minute, each lasting between two bounds, at peers that the seed picks.
      healAtMs: 60_000,
      faults: [
        { kind: 'pause', perMinute: 4, durationMs: [5_000, 20_000], who: { count: 1 } },
        { kind: 'crash', atMs: 30_000, durationMs: 10_000, peers: [2] },
      ],
      attackers: [{ attack: 'double-vote', who: { stage: 1, count: 1 }, fromMs: 10_000 }],
      // A sweep that never meets this is unknown.
      reaches: ['evidence/double-prevote'],
    }),
  ],
} satisfies Extension
