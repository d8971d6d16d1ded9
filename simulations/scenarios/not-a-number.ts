import { scenario } from '../scenario/defaults.ts'

export const notANumber = scenario({
  name: 'not-a-number',
  about: 'Tensors that hold NaN, and frames that are none.',
  swarm: { stages: 3, replicas: 4 },
  attackers: [
    { attack: 'not-finite', who: { stage: 1, count: 1 } },
    { attack: 'malformed-frames', who: { stage: 0, count: 1 } },
  ],
})
