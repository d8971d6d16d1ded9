import { scenario } from '../scenario/defaults.ts'

export const gradientLiars = scenario({
  name: 'gradient-liars',
  about: 'One replica of each stage commits its gradient ten times as long and turned round: the stages still learn.',
  tiers: [1],
  workload: { rounds: 12 },
  attackers: [{ attack: 'sign-flip', who: { peers: [0, 1] } }],
})
