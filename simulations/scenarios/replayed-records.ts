import { scenario } from '../scenario/defaults.ts'

const ALL = [0, 1, 2, 3, 4, 5, 6, 7]

export const replayedRecords = scenario({
  name: 'replayed-records',
  about:
    'Strangers put old genuine records of all peers back into the DHT, while peers start anew, some at another address, and replace theirs.',
  tiers: [1],
  workload: { rounds: 5 },
  healAtMs: 60_000,
  faults: [
    { kind: 'move', atMs: 8_000, durationMs: 4_000, peers: [3] },
    { kind: 'dht-replayed', atMs: 10_000, durationMs: 45_000, peers: ALL },
    { kind: 'dht-stale', atMs: 15_000, durationMs: 40_000, peers: ALL },
    { kind: 'crash', atMs: 20_000, durationMs: 5_000, peers: [5] },
    { kind: 'move', atMs: 30_000, durationMs: 5_000, peers: [6] },
  ],
  reaches: ['record-refused/stale-record', 'restarted'],
})
