import { scenario } from '../scenario/defaults.ts'

export const gossipTrouble = scenario({
  name: 'gossip-trouble',
  about: 'Gossip is withheld from some, late for others, and a flood for the rest.',
  healAtMs: 90_000,
  faults: [
    { kind: 'gossip-withheld', perMinute: 3, durationMs: [5000, 20000], who: { count: 2 } },
    { kind: 'gossip-late', perMinute: 3, durationMs: [5000, 20000], who: { count: 3 } },
    { kind: 'gossip-flood', perMinute: 2, durationMs: [5000, 15000], who: { share: 1 } },
  ],
})
