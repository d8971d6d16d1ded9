import { scenario } from '../scenario/defaults.ts'

export const fiveAndSix = scenario({
  name: 'five-and-six',
  about: 'Stages of five and six seats, where a quorum is n - f and not 2f + 1, with liars and partitions.',
  swarm: { stages: 2, replicas: 5 },
  healAtMs: 90_000,
  faults: [
    { kind: 'partition', perMinute: 3, durationMs: [3000, 12000], who: { count: 2 } },
    { kind: 'crash', perMinute: 2, durationMs: [2000, 8000], who: { count: 1 } },
  ],
  attackers: [
    { attack: 'collusion', who: { stage: 0, count: 1 } },
    { attack: 'double-vote', who: { stage: 1, count: 1 } },
  ],
})
