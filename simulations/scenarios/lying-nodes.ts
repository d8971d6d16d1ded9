import { scenario } from '../scenario/defaults.ts'

export const lyingNodes = scenario({
  name: 'lying-nodes',
  about: 'Chain nodes hang, or say that an old block is the newest: only final blocks count.',
  healAtMs: 90_000,
  faults: [
    { kind: 'rpc-hang', perMinute: 3, durationMs: [5000, 30000], who: { count: 2 } },
    { kind: 'rpc-lie', perMinute: 3, durationMs: [5000, 30000], who: { count: 2 } },
  ],
})
