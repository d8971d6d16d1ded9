import { scenario } from '../scenario/defaults.ts'

export const colluders = scenario({
  name: 'colluders',
  about: 'f liars of a stage tell two consistent stories, one to each side.',
  swarm: { stages: 1, replicas: 7 },
  healAtMs: 90_000,
  faults: [{ kind: 'partition', perMinute: 3, durationMs: [3000, 10000], who: { count: 3 } }],
  attackers: [{ attack: 'collusion', who: { stage: 0, count: 2 } }],
})
