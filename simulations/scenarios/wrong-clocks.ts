import { scenario } from '../scenario/defaults.ts'

export const wrongClocks = scenario({
  name: 'wrong-clocks',
  about: 'Clocks run fast and slow and jump: nothing that is agreed depends on them.',
  healAtMs: 90_000,
  faults: [
    { kind: 'clock-skew', perMinute: 4, durationMs: [10000, 40000], who: { count: 3 }, with: { rate: [0.8, 1.25] } },
    { kind: 'clock-jump', perMinute: 4, durationMs: [1000, 1000], who: { count: 1 } },
  ],
})
