import { scenario } from '../scenario/defaults.ts'

export const lossyLinks = scenario({
  name: 'lossy-links',
  about: 'Packets are lost, delayed and jittered on many links.',
  healAtMs: 90_000,
  faults: [
    { kind: 'loss', perMinute: 3, durationMs: [5000, 30000], who: { share: 0.5 }, with: { loss: [0.01, 0.1] } },
    { kind: 'delay', perMinute: 3, durationMs: [5000, 20000], who: { count: 1 } },
    { kind: 'jitter', perMinute: 3, durationMs: [5000, 20000], who: { count: 1 } },
  ],
})
