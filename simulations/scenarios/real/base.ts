/** What scenarios for real processes have in common: a local network, and waits as short as two busy cores allow. */
import { scenario } from '../../scenario/defaults.ts'
import type { Scenario } from '../../scenario/types.ts'

type Differs = Parameters<typeof scenario>[0]

const LAN = { latency: 'lan', upMbps: 1_000, downMbps: 1_000 } as const

const TIMING = {
  roundMs: 15_000,
  drainMs: 2_000,
  hopMs: 4_000,
  proposeMs: 1_500,
  voteMs: 800,
  graceCapMs: 800,
  reduceMs: 800,
} as const

/** Wall time after which a run is judged as it stands. */
const LIMIT_MS = 240_000

export function real(differs: Differs): Scenario {
  return scenario({
    tiers: [2],
    limitMs: LIMIT_MS,
    ...differs,
    peer: { ...LAN, ...differs.peer },
    network: { jitterMs: 0, ...differs.network },
    timing: { ...TIMING, ...differs.timing },
  })
}
