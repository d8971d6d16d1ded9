/** Reads scenarios from JSON, strictly: a field that is unknown, missing or impossible is named. */
import { GRADIENT_ATTACKS } from '../attackers/gradient/index.ts'
import { ATTACKS } from '../attackers/index.ts'
import { CHECKERS } from '../checkers/index.ts'
import { FAULTS } from '../faults/index.ts'
import {
  either,
  type FieldRule,
  fields,
  firstFault,
  isFields,
  list,
  number,
  oneOf,
  range,
  text,
  whole,
} from './rules.ts'
import type { ConcreteScenario, Scenario } from './types.ts'

/** A sentence that names the field. */
export interface ScenarioFault {
  readonly fault: string
}

const MS_MAX = 10 * 86_400_000
const ms = number(0, MS_MAX)
const MAX_PEERS = 20_000

const SHAPE: Readonly<Record<string, FieldRule>> = {
  stake: number(1, 1e6),
  speed: number(0.001, 1_000),
  memoryMiB: number(64, 1e7),
  upMbps: number(0.01, 1e6),
  downMbps: number(0.01, 1e6),
  latency: oneOf(['lan', 'home', 'wan', 'satellite']),
  nat: oneOf(['none', 'cone', 'symmetric']),
}

const peerIndex = whole(0, MAX_PEERS - 1)
const peers = list(peerIndex, MAX_PEERS)
const stageIndex = whole(0, MAX_PEERS - 1)
const SELECTOR = either(
  [
    { when: 'peers', rule: fields({ peers }) },
    { when: 'share', rule: fields({ share: number(0, 1) }, { stage: stageIndex }) },
  ],
  fields({ count: whole(0, MAX_PEERS) }, { stage: stageIndex }),
)

// Looked up when asked: an extension (simulations/extend.ts) adds to the tables.
const kind: FieldRule = (value, path) => oneOf(Object.keys(FAULTS))(value, path)
const attack: FieldRule = (value, path) =>
  oneOf([...Object.keys(ATTACKS), ...GRADIENT_ATTACKS.map(({ name }) => name)])(value, path)

const FAULT = fields({ kind, atMs: ms, durationMs: ms, peers }, { with: faultValues })
const RATE = fields(
  { kind, perMinute: number(0.0001, 60_000), durationMs: range(ms) },
  { who: SELECTOR, with: faultValues },
)
const parameters: FieldRule = (value, path) => (isFields(value) ? null : `${path} must be a map of parameters`)

const BASE: Readonly<Record<string, FieldRule>> = {
  version: oneOf([1]),
  name: text,
  about: text,
  tiers: list(oneOf([0, 1, 2]), 3),
  swarm: fields(
    { stages: whole(1, 1_024), replicas: whole(1, 256) },
    { spares: whole(0, 256), peers: list(fields({ index: peerIndex }, SHAPE), MAX_PEERS) },
  ),
  peer: fields(SHAPE),
  network: fields({ loss: number(0, 0.9), retransmitMs: ms, jitterMs: ms }, { delayMs: ms }),
  chain: fields(
    { blockMs: number(100, MS_MAX), finalityBlocks: whole(0, 1_000) },
    {
      ...{ epochBlocks: whole(1, 1e6), anchorEvery: whole(1, 1e6) },
      ...{ leaseBlocks: whole(1, 1e6), claimDelayBlocks: whole(0, 1e6), claimWindowBlocks: whole(1, 1e6) },
    },
  ),
  workload: fields(
    {
      rounds: whole(1, 1e6),
      target: whole(1, 4_096),
      forwardMs: ms,
      backwardMs: ms,
      boundaryBytes: whole(1, 2 ** 30),
      gradientValues: whole(1, 1e6),
      gradientBytes: whole(1, 2 ** 40),
      rule: oneOf(['mean', 'trimmed-mean', 'median']),
    },
    { rootEvery: whole(1, 1e6), slack: number(1, 16), hedges: number(0, 1) },
  ),
  timing: fields({
    roundMs: ms,
    drainMs: ms,
    hopMs: ms,
    proposeMs: ms,
    voteMs: ms,
    graceCapMs: ms,
    reduceMs: ms,
  }),
  healAtMs: ms,
  limitMs: number(1, MS_MAX),
  checks: (value, path) => (value === 'all' ? null : list(oneOf(Object.keys(CHECKERS)), 100)(value, path)),
  reaches: list(text, 100),
}

const SCENARIO = fields({
  ...BASE,
  faults: list(either([{ when: 'perMinute', rule: RATE }], FAULT), 10_000),
  attackers: list(fields({ attack, who: SELECTOR }, { fromMs: ms, with: parameters }), 1_000),
})

const CONCRETE = fields({
  ...BASE,
  seed: whole(0, Number.MAX_SAFE_INTEGER),
  faults: list(FAULT, 100_000),
  attackers: list(fields({ attack, peers, fromMs: ms }, { with: parameters }), 1_000),
})

export function parseScenario(value: unknown): Scenario | ScenarioFault {
  const wrong = SCENARIO(value, '')
  if (wrong !== null) return { fault: wrong }
  if (!isScenario(value)) return { fault: 'not a scenario' }
  const impossible = relations(value)
  return impossible === null ? value : { fault: impossible }
}

export function parseConcreteScenario(value: unknown): ConcreteScenario | ScenarioFault {
  const wrong = CONCRETE(value, '')
  if (wrong !== null) return { fault: wrong }
  if (!isConcrete(value)) return { fault: 'not a scenario' }
  const impossible = relations(value)
  return impossible === null ? value : { fault: impossible }
}

export function isScenarioFault(value: object): value is ScenarioFault {
  return 'fault' in value
}

/** What must hold between fields. */
function relations(scenario: Scenario | ConcreteScenario): string | null {
  const { swarm, healAtMs, limitMs, faults, attackers } = scenario
  const count = swarm.stages * swarm.replicas + (swarm.spares ?? 0)
  if (count > MAX_PEERS) return `swarm has ${count} peers where ${MAX_PEERS} are the most`
  if (healAtMs > limitMs) return `healAtMs (${healAtMs}) must not be after limitMs (${limitMs})`
  const far = (path: string, named: readonly number[]): string | null => {
    const stranger = named.find(peer => peer >= count)
    return stranger === undefined ? null : `${path} names peer ${stranger} of ${count}`
  }
  return firstFault([
    ...faults.map((fault, at) => boundsFault(fault.kind, fault.with ?? {}, `faults[${at}].with`)),
    ...faults.map((fault, at) => {
      if ('perMinute' in fault) return healAtMs > 0 ? null : `faults[${at}] is drawn until healAtMs, which is 0`
      const endMs = fault.atMs + fault.durationMs
      if (endMs > healAtMs) return `faults[${at}] ends at ${endMs} ms, after healAtMs (${healAtMs})`
      return far(`faults[${at}].peers`, fault.peers)
    }),
    ...attackers.map((attacker, at) => ('peers' in attacker ? far(`attackers[${at}].peers`, attacker.peers) : null)),
  ])
}

/** Parameters against the bounds of their kind. */
function boundsFault(kind: string, given: Readonly<Record<string, unknown>>, path: string): string | null {
  const rows = FAULTS[kind]?.parameters ?? {}
  return firstFault(
    Object.entries(given).map(([name, value]) => {
      const row = rows[name]
      if (row === undefined)
        return `unknown field ${path}.${name}; ${kind} has ${Object.keys(rows).join(', ') || 'none'}`
      const rule = number(row.bounds[0], row.bounds[1])
      return Array.isArray(value) ? range(rule)(value, `${path}.${name}`) : rule(value, `${path}.${name}`)
    }),
  )
}

/** Each parameter that the kind has, within its bounds; a pair is a range to draw from. */
function faultValues(value: unknown, path: string): string | null {
  if (!isFields(value)) return `${path} must be a map of parameters`
  const known = new Map(Object.values(FAULTS).flatMap(({ parameters: rows }) => Object.entries(rows)))
  return firstFault(
    Object.entries(value).map(([name, given]) => {
      const row = known.get(name)
      if (row === undefined) return `unknown field ${path}.${name}; known are ${[...known.keys()].join(', ')}`
      const rule = number(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
      return Array.isArray(given) ? range(rule)(given, `${path}.${name}`) : rule(given, `${path}.${name}`)
    }),
  )
}

function isScenario(value: unknown): value is Scenario {
  return SCENARIO(value, '') === null
}

function isConcrete(value: unknown): value is ConcreteScenario {
  return CONCRETE(value, '') === null
}
