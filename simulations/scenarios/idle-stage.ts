import { scenario } from '../scenario/defaults.ts'

export const idleStage = scenario({
  name: 'idle-stage',
  about: 'Machines are so slow that nobody has enough work: the stage decides SKIP and goes on.',
  peer: { speed: 0.05 },
  workload: { rounds: 3 },
  timing: { roundMs: 20_000, hopMs: 10_000 },
  reaches: ['skip-by-idle'],
})
