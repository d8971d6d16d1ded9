/**
 * A tier that plays a round by rote: enough for the tool's own tests, which are of the tool and not of the swarm. It breaks
 * a promise exactly where a crash and a partition meet a liar and three rounds are decided; everything else is noise.
 */
import { createHash } from 'node:crypto'
import type { ConcreteScenario } from '../../../simulations/scenario/types.ts'
import type { RunOptions, SimulationTier } from '../../../simulations/tier.ts'
import type { RunResult, SimEvent, Violation } from '../../../simulations/trace/types.ts'

export const BREAKING_ROUND = 3
const ROUND_MS = 5000

type Played = Pick<RunResult, 'reached'> & { readonly violation: Violation | null; readonly stopped: boolean }

export const smallTier: SimulationTier = {
  tier: 0,
  async run(scenario, options) {
    if (scenario.name === 'throws') throw new Error('a bug of the tier')
    if (scenario.name === 'dies') process.exit(9)
    const hash = createHash('sha256')
    const counts = { messages: 0, bytes: 0, decided: new Set<string>(), atMs: 0 }
    const { violation, reached, stopped } = play(scenario, options, event => {
      hash.update(JSON.stringify(event))
      counts.atMs = event.atMs
      if (event.type === 'decided') counts.decided.add(`${event.stage}/${event.round}`)
      if (event.type === 'message') {
        counts.messages++
        counts.bytes += event.bytes
      }
      if (event.type !== 'message' || options.messages) options.onEvent?.(event)
    })
    const isUnclear = stopped || scenario.name === 'unclear'
    return {
      tier: 0,
      verdict: {
        verdict: violation !== null ? 'violated' : isUnclear ? 'unknown' : 'valid',
        sentence: violation?.sentence ?? (isUnclear ? 'it did not end' : 'everything that was checked held'),
        violations: violation === null ? [] : [violation],
      },
      traceHash: hash.digest('hex'),
      reached,
      statistics: {
        virtualMs: counts.atMs,
        wallMs: 1,
        peers: scenario.swarm.stages * scenario.swarm.replicas,
        roundsDecided: counts.decided.size,
        messages: counts.messages,
        bytes: counts.bytes,
        microBatchesSettled: counts.decided.size * scenario.workload.target,
      },
    }
  },
}

function play(scenario: ConcreteScenario, options: RunOptions, emit: (event: SimEvent) => void): Played {
  const { stages, replicas } = scenario.swarm
  const random = generator(scenario.seed)
  let stopped = false
  const tell = (event: SimEvent) => {
    if (stopped || options.until?.(event)) stopped = true
    else emit(event)
  }
  const liars = new Set(scenario.attackers.flatMap(({ peers }) => peers))
  for (let peer = 0; peer < stages * replicas; peer++) {
    const stage = Math.floor(peer / replicas)
    tell({ type: 'seat', atMs: 0, peer, stage, name: `name-${peer}`, honest: !liars.has(peer) })
  }
  const faults = scenario.faults.map(
    ({ kind, peers, atMs }, fault): SimEvent => ({ type: 'fault', atMs, fault, kind, peers }),
  )
  const isPlanted =
    ['crash', 'partition'].every(kind => scenario.faults.some(fault => fault.kind === kind)) && liars.size > 0
  for (let round = 1; round <= scenario.workload.rounds && !stopped; round++) {
    const events = faults.filter(({ atMs }) => atMs > (round - 1) * ROUND_MS && atMs <= round * ROUND_MS)
    for (let stage = 0; stage < stages; stage++) {
      playRound(scenario, { stage, round, random, tell: event => events.push(event) })
    }
    for (const event of events.toSorted((a, b) => a.atMs - b.atMs)) tell(event)
    if (isPlanted && round === BREAKING_ROUND && !stopped) {
      const atMs = round * ROUND_MS + 1
      tell({ type: 'end', atMs, reason: 'violated' })
      const violation = {
        checker: 'agreement',
        atMs,
        sentence: 'two peers decided differently in round 3',
        peers: [0, 1],
      }
      return { violation, reached: { 'view-change': round }, stopped }
    }
  }
  tell({ type: 'end', atMs: (scenario.workload.rounds + 1) * ROUND_MS, reason: 'finished' })
  return { violation: null, reached: { 'view-change': scenario.workload.rounds }, stopped }
}

interface RoundPlay {
  readonly stage: number
  readonly round: number
  readonly random: () => number
  readonly tell: (event: SimEvent) => void
}

function playRound(scenario: ConcreteScenario, { stage, round, random, tell }: RoundPlay): void {
  const { replicas } = scenario.swarm
  const atMs = round * ROUND_MS
  const peers = Array.from({ length: replicas }, (_, i) => stage * replicas + i)
  const value = createHash('sha256').update(`${scenario.seed}/${stage}/${round}`).digest('hex')
  for (const peer of peers) tell({ type: 'round.opened', atMs: atMs - 4000, peer, stage, round })
  // A scenario of this name is told otherwise in each process.
  const wobble = scenario.name === 'wobbly' && round === 2 ? process.pid : 0
  for (const kind of ['PROPOSE', 'PREVOTE', 'PRECOMMIT', 'OUTCOME']) {
    for (const from of peers) {
      for (const to of peers) {
        if (from === to || (kind === 'PROPOSE' && from !== peers[0])) continue
        const sentMs = atMs - 400 + random() * 90
        const deliveredAtMs = random() < 0.05 ? null : sentMs + 20 + random() * 60
        tell({ type: 'message', atMs: sentMs, from, to, kind, round, bytes: 300 + wobble, deliveredAtMs })
      }
    }
  }
  const view = random() < 0.3 ? 1 : 0
  if (view > 0) tell({ type: 'view', atMs: atMs - 350, peer: peers[1]!, stage, round, view })
  for (const peer of peers) tell({ type: 'decided', atMs: atMs - 200, peer, stage, round, view, value, skip: false })
  for (const peer of peers) {
    const parent = { value, outcome: value }
    const fields = { view, value, outcome: value, state: value, parent, skip: false, sealed: [], signers: peers }
    tell({ type: 'certified', atMs, peer, stage, round, ...fields, next: 'promote' })
  }
  if (stage === 0)
    tell({ type: 'loss', atMs, peer: peers[0]!, stage, round, train: 5 - round / 10, heldOut: 5.1 - round / 10 })
}

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
