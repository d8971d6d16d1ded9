import { scenario } from '../scenario/defaults.ts'

export const equivocators = scenario({
  name: 'equivocators',
  about: 'A proposer, a voter and an author that say two things: each is proven.',
  swarm: { stages: 3, replicas: 4 },
  attackers: [
    { attack: 'equivocating-proposer', who: { stage: 0, count: 1 } },
    { attack: 'double-vote', who: { stage: 1, count: 1 } },
    { attack: 'double-commit', who: { stage: 2, count: 1 } },
  ],
  reaches: ['evidence/double-prevote', 'evidence/double-commit'],
})
