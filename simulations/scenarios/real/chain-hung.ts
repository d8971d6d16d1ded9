import { real } from './base.ts'

export const realChainHung = real({
  name: 'real-chain-hung',
  about: 'The chain hangs for a minute: rounds go on, anchors come afterwards.',
  workload: { rounds: 150 },
  faults: [{ kind: 'chain-stall', atMs: 6_000, durationMs: 60_000, peers: [] }],
  healAtMs: 66_000,
})
