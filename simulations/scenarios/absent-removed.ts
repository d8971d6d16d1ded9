import { scenario } from '../scenario/defaults.ts'
import { QUICK_EPOCHS } from './joins-and-leaves.ts'

export const absentRemoved = scenario({
  name: 'absent-removed',
  about:
    'A peer is gone for long: its stage removes it once a spare has taken its place; when it comes back it has no seat.',
  swarm: { stages: 2, replicas: 4, spares: 2 },
  chain: QUICK_EPOCHS,
  workload: { rounds: 30 },
  healAtMs: 330_000,
  faults: [{ kind: 'crash', atMs: 20_000, durationMs: 300_000, peers: [3] }],
  reaches: ['decided/remove-absent', 'decided/admit', 'seat-taken'],
})
