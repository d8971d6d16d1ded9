import { scenario } from '../scenario/defaults.ts'

export const stragglers = scenario({
  name: 'stragglers',
  about:
    'Machines stand still for a moment now and then, and sources have no slack: what is late at the end of a round gets a second copy.',
  swarm: { stages: 3, replicas: 4 },
  workload: { target: 32, rounds: 8, slack: 1 },
  healAtMs: 240_000,
  faults: [{ kind: 'pause', perMinute: 6, durationMs: [2_000, 8_000], who: { count: 1 } }],
  reaches: ['forward-hedged'],
})
