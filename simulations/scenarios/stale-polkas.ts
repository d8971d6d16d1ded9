import { scenario } from '../scenario/defaults.ts'

export const stalePolkas = scenario({
  name: 'stale-polkas',
  about:
    'A leader shows an old polka, which only it knows, as one of the last view, while partitions keep rounds undecided.',
  swarm: { stages: 1, replicas: 4 },
  peer: { latency: 'wan' },
  network: { jitterMs: 60 },
  workload: { rounds: 40, target: 4, forwardMs: 40, backwardMs: 80, boundaryBytes: 20_000, gradientBytes: 40_000 },
  timing: { proposeMs: 900, voteMs: 500, graceCapMs: 300, reduceMs: 1_000, hopMs: 2_000, drainMs: 500 },
  healAtMs: 60_000,
  faults: [
    { kind: 'partition', perMinute: 40, durationMs: [200, 1500], who: { count: 2 } },
    { kind: 'partition-one-way', perMinute: 30, durationMs: [200, 1500], who: { count: 1 } },
    { kind: 'delay', perMinute: 30, durationMs: [300, 1500], who: { count: 2 }, with: { delayMs: [200, 1500] } },
  ],
  attackers: [{ attack: 'stale-polka', who: { stage: 0, count: 1 } }],
})
