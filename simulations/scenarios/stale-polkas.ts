import { scenario } from '../scenario/defaults.ts'

export const stalePolkas = scenario({
  name: 'stale-polkas',
  about:
    'A leader shows an old polka, which only it knows, as one of the last view, while partitions keep rounds undecided.',
  swarm: { stages: 1, replicas: 4 },
  workload: { forwardMs: 300, backwardMs: 600 },
  healAtMs: 90_000,
  faults: [
    { kind: 'partition', perMinute: 14, durationMs: [1500, 6000], who: { count: 2 } },
    { kind: 'delay', perMinute: 14, durationMs: [2000, 6000], who: { count: 2 }, with: { delayMs: [500, 3000] } },
  ],
  attackers: [{ attack: 'stale-polka', who: { stage: 0, count: 1 } }],
})
