/** The harness that the tool's tests run: the small tier and a few scenarios around it. */
import type { Harness } from '../../../simulations/harness.ts'
import type { ConcreteScenario, Fault, Scenario } from '../../../simulations/scenario/types.ts'
import { smallTier } from './small-tier.ts'

const BASE: Omit<Scenario, 'name' | 'about'> = {
  version: 1,
  tiers: [0],
  swarm: { stages: 2, replicas: 6 },
  peer: { stake: 1, speed: 1, memoryMiB: 512, upMbps: 100, downMbps: 100, latency: 'lan', nat: 'none' },
  network: { loss: 0, retransmitMs: 200, jitterMs: 5 },
  chain: { blockMs: 6000, finalityBlocks: 1 },
  workload: {
    rounds: 10,
    target: 8,
    forwardMs: 40,
    backwardMs: 80,
    boundaryBytes: 65_536,
    gradientValues: 64,
    gradientBytes: 1_000_000,
    rule: 'trimmed-mean',
  },
  timing: { roundMs: 5000, drainMs: 100, hopMs: 100, proposeMs: 100, voteMs: 100, graceCapMs: 100, reduceMs: 100 },
  healAtMs: 40_000,
  limitMs: 100_000,
  checks: 'all',
  reaches: ['view-change'],
  faults: [],
  attackers: [],
}

function scenario(name: string, about: string, more: Partial<Scenario> = {}): Scenario {
  return { ...BASE, name, about, ...more }
}

const STORMY = 'everything happens'
const calm = scenario('calm', 'nothing happens')
const storm = scenario('storm', STORMY)

const KINDS = ['delay', 'crash', 'loss', 'pause', 'partition', 'duplicate', 'skew'] as const

/** Only a storm is drawn with faults: one of each kind, twice, and two liars; odd seeds have no partition. */
function draw(abstract: Scenario, seed: number): ConcreteScenario {
  const isStorm = abstract.about === STORMY
  const kinds = isStorm ? [...KINDS, ...KINDS] : []
  const faults = kinds
    .filter(kind => kind !== 'partition' || seed % 2 === 0)
    .map((kind, i): Fault => ({ kind, atMs: 1000 + i * 700, durationMs: 4000, peers: [i % 12, (i + seed) % 12] }))
  const attackers = isStorm ? [{ attack: 'equivocate', peers: [3, 9], fromMs: 0 }] : []
  return { ...abstract, seed, faults, attackers }
}

/** The mix: even seeds are calm. */
function scenarioOf(name: string, seed: number): Scenario | null {
  if (name === 'standard') return { ...(seed % 2 === 0 ? calm : storm), name }
  return harness.scenarios.find(known => known.name === name) ?? null
}

const FIELDS = new Set([...Object.keys(BASE), 'name', 'about', 'seed'])

function parse(value: unknown): Scenario | ConcreteScenario {
  if (typeof value !== 'object' || value === null) throw new Error('it is no object')
  const stranger = Object.keys(value).find(name => !FIELDS.has(name))
  if (stranger !== undefined) throw new Error(`there is no field '${stranger}'`)
  const parsed = { ...value } as ConcreteScenario
  if (parsed.swarm.replicas < 4) throw new Error('swarm.replicas must be at least 4')
  return parsed
}

export const harness: Harness = {
  scenarios: [
    calm,
    storm,
    scenario('wobbly', 'another one in each process'),
    scenario('idle', 'never reaches what it is there for', { reaches: ['lock'] }),
    scenario('unclear', 'cannot be judged'),
    scenario('throws', 'a bug of the harness'),
    scenario('dies', 'ends the process that runs it'),
    scenario('real', 'only of real processes', { tiers: [2] }),
  ],
  mixes: ['standard'],
  checkers: [
    {
      name: 'agreement',
      about: 'One decision in each round of a stage.',
      why: 'Quorums of n - f intersect in an honest seat.',
      kind: 'safety',
      tiers: [0, 1],
      start: () => ({ event: () => null, end: () => null }),
    },
  ],
  faults: KINDS.map(name => ({ name, about: `the fault ${name}` })),
  attackers: [{ name: 'equivocate', about: 'two proposals in one view' }],
  states: [{ name: 'view-change', about: 'a round needed more than one view' }],
  tier: async wanted => {
    if (wanted !== 0) throw new Error(`there is no tier ${wanted} here`)
    return smallTier
  },
  parse,
  draw,
  scenarioOf,
  extend: () => {
    throw new Error('the small harness takes nothing in')
  },
}
