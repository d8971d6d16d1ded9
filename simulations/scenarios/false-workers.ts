import { scenario } from '../scenario/defaults.ts'

export const falseWorkers = scenario({
  name: 'false-workers',
  about: 'Work that was not done, done wrongly, listed twice or sent as NaN.',
  swarm: { stages: 4, replicas: 4 },
  attackers: [
    { attack: 'false-receipts', who: { stage: 0, count: 1 } },
    { attack: 'wrong-forward', who: { stage: 1, count: 1 } },
    { attack: 'wrong-backward', who: { stage: 2, count: 1 } },
    { attack: 'free-riding', who: { stage: 3, count: 1 } },
  ],
  reaches: ['backward-clipped'],
})
