import { real } from './base.ts'

/** Anchors are so rare that the chain says nothing about the journal's age: only siblings can. */
const ANCHOR_EVERY = 1_000

export const realStaleDisk = real({
  name: 'real-stale-disk',
  about:
    'An older copy of its disk is put back while its stage waits for the peer: it follows without signing, then signs again.',
  chain: { anchorEvery: ANCHOR_EVERY },
  // More than are trained before the faults begin, however fast the machine is.
  workload: { rounds: 30 },
  faults: [
    { kind: 'pause', atMs: 7_000, durationMs: 25_000, peers: [4] },
    { kind: 'restart-stale', atMs: 12_000, durationMs: 500, peers: [0], with: { backMs: 8_000 } },
  ],
  healAtMs: 32_000,
  reaches: ['journal-suspended', 'journal-resumed'],
})
