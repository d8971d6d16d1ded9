import { scenario } from '../scenario/defaults.ts'

export const withholders = scenario({
  name: 'withholders',
  about: 'Votes are withheld and values ground for the next lead: it costs time, and gains nothing.',
  attackers: [
    { attack: 'vote-withholding', who: { stage: 0, count: 1 } },
    { attack: 'stake-grinding', who: { stage: 1, count: 1 } },
  ],
})
