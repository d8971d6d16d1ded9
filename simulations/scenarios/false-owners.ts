import { scenario } from '../scenario/defaults.ts'

export const falseOwners = scenario({
  name: 'false-owners',
  about: 'Owners of partitions sign false results, hold nothing back but the truth, and promise what they do not hold.',
  swarm: { stages: 3, replicas: 4 },
  attackers: [
    { attack: 'wrong-aggregate', who: { stage: 0, count: 1 } },
    { attack: 'false-have', who: { stage: 1, count: 1 } },
    { attack: 'withheld-partition', who: { stage: 2, count: 1 } },
  ],
})
