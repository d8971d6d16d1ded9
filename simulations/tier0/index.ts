/** Tier 0: the shipped machines in virtual time. */

import { setImmediate } from 'node:timers/promises'
import { loadKernels } from '../../node/engine/kernels/index.ts'
import { nativeHash } from '../../node/engine/runtime/hashing.ts'
import { useSmallHash } from '../../protocols/wire/hash.ts'
import { ATTACKS } from '../attackers/index.ts'
import { runningCheckers } from '../checkers/index.ts'
import { scheduleFaults } from '../faults/schedule.ts'
import type { ConcreteScenario } from '../scenario/types.ts'
import type { RunOptions, SimulationTier } from '../tier.ts'
import type { RunResult, SimEvent } from '../trace/types.ts'
import { scheduleAttackers } from './attackers.ts'
import { STARTS } from './faults.ts'
import type { SimPeer } from './peer.ts'
import { World } from './world.ts'

/** Virtual time between two looks at what peers hold. */
const GAUGE_MS = 10_000
/** Virtual time that passes between two looks at the signal. */
const SLICE_MS = 5_000

let kernels: Promise<Uint8Array<ArrayBuffer>> | null = null

export const tier0: SimulationTier = {
  tier: 0,
  async run(scenario, options) {
    kernels ??= loadKernels()
    const slices = runSlices(scenario, options, await kernels)
    for (;;) {
      const { done, value } = slices.next()
      if (done) return value
      // Timers and signals of the real world, Ctrl-C among them, get their turn.
      await setImmediate()
    }
  },
}

/** The same at once, for sweeps that have the kernels. */
export function runTier0(
  scenario: ConcreteScenario,
  options: Omit<RunOptions, 'folder'>,
  kernelBytes: Uint8Array<ArrayBuffer>,
): RunResult {
  const slices = runSlices(scenario, options, kernelBytes)
  for (;;) {
    const { done, value } = slices.next()
    if (done) return value
  }
}

function* runSlices(
  scenario: ConcreteScenario,
  options: Omit<RunOptions, 'folder'>,
  kernelBytes: Uint8Array<ArrayBuffer>,
): Generator<void, RunResult> {
  const startedMs = performance.now()
  useSmallHash(nativeHash)
  const { messages = false, onComputed } = options
  const world = new World(scenario, { kernels: kernelBytes, messages, ...(onComputed && { onComputed }) })
  const checkers = runningCheckers(scenario, 0)
  let isViolated = false
  let isCut = false
  const onEvent = (event: SimEvent): void => {
    if (options.until?.(event) === true) isCut = true
    options.onEvent?.(event)
    if (checkers.event(event)) isViolated = true
    if (isViolated || isCut) world.time.stop()
  }
  world.recorder.listen(onEvent)
  begin(world, scenario)
  let end: 'finished' | 'limit' | 'violated' = 'limit'
  const isFinished = (): boolean => {
    const isWaited = (peer: SimPeer): boolean =>
      peer.isHonest && peer.isUp && (!world.members.change || world.hasSeat(peer))
    return (
      world.time.nowMs >= scenario.healAtMs && world.peers.every(peer => world.hasFinished(peer) || !isWaited(peer))
    )
  }
  world.onFinished = () => {
    if (!isFinished()) return
    end = 'finished'
    world.time.stop()
  }
  for (let limitMs = SLICE_MS; ; limitMs += SLICE_MS) {
    yield
    options.signal.throwIfAborted()
    const how = world.time.run(Math.min(limitMs, scenario.limitMs))
    if (isViolated) end = 'violated'
    else if (how === 'limit' && isFinished()) end = 'finished'
    if (isViolated || isCut || end === 'finished' || how === 'empty' || world.time.nowMs >= scenario.limitMs) break
  }
  world.recorder.emit({ type: 'end', atMs: world.time.nowMs, reason: end })
  const verdict = checkers.verdict(world.time.nowMs)
  const { counters } = world.network
  return {
    tier: 0,
    verdict,
    traceHash: world.recorder.finish(),
    reached: world.recorder.counts,
    statistics: {
      virtualMs: world.time.nowMs,
      wallMs: performance.now() - startedMs,
      peers: world.peers.length,
      roundsDecided: world.tell.roundsDecided,
      messages: counters.messages,
      bytes: counters.bytes,
      microBatchesSettled: world.microBatchesSettled,
    },
  }
}

function begin(world: World, scenario: ConcreteScenario): void {
  const liars = new Set(scenario.attackers.flatMap(({ peers }) => peers))
  for (const peer of world.peers) {
    peer.isHonest = !liars.has(peer.index)
    if (!peer.isPlaced) continue
    const { index, stage, name, isHonest: honest } = peer
    world.recorder.emit({ type: 'seat', atMs: 0, peer: index, stage, name, honest })
  }
  world.tell.seats(world.epoch(0))
  scheduleAttackers(world, ATTACKS)
  scheduleFaults(world, 0, STARTS)
  world.chain.start()
  for (const peer of world.peers) if (peer.isPlaced) peer.start()
  gauge(world)
}

/** What peers hold, against its bound. */
function gauge(world: World): void {
  world.time.after(GAUGE_MS, () => {
    for (const peer of world.peers) peer.tell.gauges()
    gauge(world)
  })
}
