import { scenario } from '../scenario/defaults.ts'

export const massExit = scenario({
  name: 'mass-exit',
  about: 'More than f of every stage leave at once: nothing is decided until they are back, and then it is.',
  healAtMs: 70_000,
  faults: [{ kind: 'mass-exit', atMs: 20_000, durationMs: 50_000, peers: [0, 1, 2, 3] }],
  reaches: ['restarted'],
})
