import { scenario } from '../scenario/defaults.ts'

export const forgers = scenario({
  name: 'forgers',
  about: 'Certificates that no quorum made are spread and served.',
  attackers: [
    { attack: 'forged-certificate', who: { stage: 0, count: 1 } },
    { attack: 'replayed-messages', who: { stage: 1, count: 1 } },
  ],
})
