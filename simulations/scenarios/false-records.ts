import { scenario } from '../scenario/defaults.ts'

export const falseRecords = scenario({
  name: 'false-records',
  about: 'The DHT gives old, false and many strangers\u2019 records; a peer is eclipsed.',
  healAtMs: 90_000,
  faults: [
    { kind: 'dht-stale', perMinute: 4, durationMs: [5000, 20000], who: { share: 1 } },
    { kind: 'dht-replayed', perMinute: 4, durationMs: [5000, 20000], who: { share: 1 } },
    { kind: 'dht-poisoned', perMinute: 3, durationMs: [5000, 15000], who: { share: 1 } },
    { kind: 'sybil', perMinute: 2, durationMs: [5000, 15000], who: { share: 1 } },
    { kind: 'eclipse', perMinute: 2, durationMs: [5000, 20000], who: { count: 1 } },
    { kind: 'leave', perMinute: 3, durationMs: [3000, 8000], who: { count: 1 } },
  ],
  reaches: ['record-refused/stale-record'],
})
