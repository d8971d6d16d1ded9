/** The scenario that others differ from: a stage of four at home, two stages, rounds of about ten virtual seconds, no fault. */
import type { ChainModel, NetworkModel, PeerShape, Scenario, Timing, Workload } from './types.ts'

export const DEFAULT_PEER: PeerShape = {
  stake: 1,
  speed: 1,
  memoryMiB: 4096,
  upMbps: 40,
  downMbps: 200,
  latency: 'home',
  nat: 'none',
}

export const DEFAULT_NETWORK: NetworkModel = { loss: 0, retransmitMs: 250, jitterMs: 5 }

export const DEFAULT_CHAIN: ChainModel = { blockMs: 6_000, finalityBlocks: 1, epochBlocks: 12, anchorEvery: 4 }

export const DEFAULT_WORKLOAD: Workload = {
  rounds: 10,
  target: 8,
  forwardMs: 700,
  backwardMs: 1_400,
  boundaryBytes: 512 * 1024,
  gradientValues: 32,
  gradientBytes: 2 * 1024 * 1024,
  rule: 'trimmed-mean',
  rootEvery: 4,
}

export const DEFAULT_TIMING: Timing = {
  roundMs: 60_000,
  drainMs: 5_000,
  hopMs: 8_000,
  proposeMs: 4_000,
  voteMs: 2_000,
  graceCapMs: 2_000,
  reduceMs: 5_000,
}

type Needed = 'name' | 'about'

/** A scenario from what differs. */
export function scenario(
  differs: Pick<Scenario, Needed> & {
    readonly [K in Exclude<keyof Scenario, Needed | 'peer' | 'network' | 'chain' | 'workload' | 'timing'>]?: Scenario[K]
  } & {
    readonly peer?: Partial<PeerShape>
    readonly network?: Partial<NetworkModel>
    readonly chain?: Partial<ChainModel>
    readonly workload?: Partial<Workload>
    readonly timing?: Partial<Timing>
  },
): Scenario {
  const { peer, network, chain, workload, timing, ...rest } = differs
  return {
    version: 1,
    tiers: [0],
    swarm: { stages: 2, replicas: 4 },
    healAtMs: 0,
    limitMs: 1_200_000,
    checks: 'all',
    reaches: [],
    faults: [],
    attackers: [],
    ...rest,
    peer: { ...DEFAULT_PEER, ...peer },
    network: { ...DEFAULT_NETWORK, ...network },
    chain: { ...DEFAULT_CHAIN, ...chain },
    workload: { ...DEFAULT_WORKLOAD, ...workload },
    timing: { ...DEFAULT_TIMING, ...timing },
  }
}
