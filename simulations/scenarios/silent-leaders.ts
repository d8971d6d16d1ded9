import { scenario } from '../scenario/defaults.ts'

export const silentLeaders = scenario({
  name: 'silent-leaders',
  about: 'Leaders that do not propose, with losses on the links: the view changes and goes on.',
  swarm: { stages: 2, replicas: 7 },
  healAtMs: 90_000,
  faults: [{ kind: 'loss', perMinute: 3, durationMs: [5000, 20000], who: { share: 0.3 } }],
  attackers: [
    { attack: 'silent-leader', who: { stage: 0, count: 2 } },
    { attack: 'silent-leader', who: { stage: 1, count: 2 } },
  ],
})
