import { scenario } from '../scenario/defaults.ts'

export const falseServers = scenario({
  name: 'false-servers',
  about: 'Who catches up is given false state by a sibling and takes it from another.',
  healAtMs: 90_000,
  faults: [{ kind: 'leave', perMinute: 3, durationMs: [15000, 30000], who: { count: 1 } }],
  attackers: [
    { attack: 'wrong-state', who: { stage: 0, count: 1 } },
    { attack: 'wrong-state', who: { stage: 1, count: 1 } },
  ],
})
