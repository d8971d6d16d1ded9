import { scenario } from '../scenario/defaults.ts'

export const chainStalls = scenario({
  name: 'chain-stalls',
  about: 'The chain stands still and forks, transactions are lost and doubled: rounds do not wait for it.',
  healAtMs: 90_000,
  faults: [
    { kind: 'chain-stall', perMinute: 2, durationMs: [10000, 30000], who: { count: 1 } },
    { kind: 'chain-reorg', perMinute: 4, durationMs: [1000, 1000], who: { count: 1 } },
    { kind: 'tx-lost', perMinute: 3, durationMs: [10000, 30000], who: { count: 1 } },
    { kind: 'tx-duplicated', perMinute: 3, durationMs: [10000, 30000], who: { count: 1 } },
  ],
  reaches: ['chain-reorganised'],
})
