import { scenario } from '../scenario/defaults.ts'

export const amnesia = scenario({
  name: 'amnesia',
  about: 'A voter forgets its lock: AMNESIA is proven from its own two signatures.',
  swarm: { stages: 2, replicas: 4 },
  attackers: [
    { attack: 'lock-violation', who: { stage: 0, count: 1 } },
    { attack: 'lock-violation', who: { stage: 1, count: 1 } },
  ],
  reaches: ['evidence/amnesia'],
})
