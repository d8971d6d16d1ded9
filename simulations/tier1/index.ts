/** Tier 1: the shipped composition with the real network stack and engine, under virtual time. */
import { loadCorpus } from '../../node/data/index.ts'
import { loadKernels } from '../../node/engine/kernels/index.ts'
import { forgetVerified } from '../../protocols/wire/envelope.ts'
import { runningCheckers } from '../checkers/index.ts'
import { scheduleFaults } from '../faults/schedule.ts'
import type { ConcreteScenario } from '../scenario/types.ts'
import type { RunOptions, SimulationTier } from '../tier.ts'
import type { RunResult, SimEvent } from '../trace/types.ts'
import { takeAmbient } from './ambient.ts'
import { scheduleAttackers } from './attackers.ts'
import { STARTS } from './faults.ts'
import { World } from './world.ts'

const CORPUS = 'moby-dick'
/** Peers do not all start in one moment, ms. */
const START_STAGGER_MS = 40
/** The verdict says what the tier does not show. */
const CAVEAT = 'plaintext in place of noise'

export const tier1: SimulationTier = { tier: 1, run: runTier1 }

async function runTier1(scenario: ConcreteScenario, options: RunOptions): Promise<RunResult> {
  const startedMs = performance.now()
  // Whatever the real machine would have to be waited for comes before the first moment of virtual time.
  const corpus = await loadCorpus(CORPUS)
  await loadKernels()
  const giveBack = takeAmbient()
  try {
    forgetVerified()
    const world = await World.create(scenario, corpus, options.messages === true)
    return await runWorld(world, options, startedMs)
  } finally {
    giveBack()
  }
}

async function runWorld(world: World, options: RunOptions, startedMs: number): Promise<RunResult> {
  const { scenario, time, recorder } = world
  const checkers = runningCheckers(scenario, 1)
  let isViolated = false
  let isCut = false
  recorder.listen((event: SimEvent) => {
    if (isCut) return
    if (options.until?.(event) === true) {
      isCut = true
      return
    }
    options.onEvent?.(event)
    if (checkers.event(event)) isViolated = true
  })
  for (const { index, stage, name } of world.peers)
    recorder.emit({ type: 'seat', atMs: 0, peer: index, stage, name, honest: world.isHonest(index) })
  scheduleAttackers(world)
  scheduleFaults(world, 1, STARTS)
  world.chain.start()
  for (const peer of world.peers) time.at(peer.index * START_STAGGER_MS, () => peer.start())
  const isFinished = (): boolean =>
    time.nowMs >= scenario.healAtMs &&
    world.peers.some(({ index }) => world.hasFinished(index)) &&
    world.peers.every(({ index, isUp }) => !isUp || !world.isHonest(index) || world.hasFinished(index))
  let hasFinished = false
  try {
    await time.run(() => {
      options.signal.throwIfAborted()
      hasFinished = isFinished()
      return isViolated || isCut || hasFinished
    }, scenario.limitMs)
  } finally {
    world.end()
  }
  const reason = isViolated ? 'violated' : hasFinished ? 'finished' : 'limit'
  recorder.emit({ type: 'end', atMs: time.nowMs, reason })
  const verdict = checkers.verdict(time.nowMs)
  const { messages, bytes } = world.network.counters
  return {
    tier: 1,
    verdict: { ...verdict, sentence: `${verdict.sentence} (${CAVEAT})` },
    traceHash: recorder.finish(),
    reached: recorder.counts,
    statistics: {
      virtualMs: time.nowMs,
      wallMs: performance.now() - startedMs,
      peers: world.peers.length,
      roundsDecided: world.roundsDecided,
      messages,
      bytes,
      microBatchesSettled: world.microBatchesSettled,
    },
  }
}
