/**
 * Tokens a second of the default swarm against the same model in one process on the same cores, and where the time of a
 * round goes. The two cannot run in turns, so the one process runs before and after the swarm.
 */
import { availableParallelism } from 'node:os'
import { type Corpus, loadCorpus, microBatch } from '../../node/data/index.ts'
import type { RoundTimes } from '../../node/events/types.ts'
import { certifiedRounds, type DefaultRun, defaultRun, eventsOf } from './default-run.ts'
import { defaultManifest } from './manifest.ts'
import { atLeast, type Benchmark, compare, type Figure, inform, mean } from './measure.ts'
import { OneProcessModel } from './one-process.ts'
import { type ProcessUse, TELLS_USE } from './processes.ts'

const TARGET = atLeast(0.6)
/** While connections open and graphs load, and rounds grow to their size (`consensus/round/target.ts`). */
const WARM_UP_ROUNDS = 9
const ONE_PROCESS_MS = 6_000
/** Peers end a round at slightly different times, and the first and last of the rounds count whole or not at all. */
const SUM_TOLERANCE = 0.05

export const swarm: Benchmark = {
  about: `the default swarm (2 stages x 4 replicas), beside one process with ${availableParallelism()} threads`,
  run: benchSwarm,
}

async function* benchSwarm(signal: AbortSignal): AsyncGenerator<Figure> {
  const corpus = await loadCorpus('moby-dick', { signal })
  const before = await oneProcess(corpus, signal)
  const run = await defaultRun(signal)
  const after = await oneProcess(corpus, signal)
  const steady = certifiedRounds(run).slice(WARM_UP_ROUNDS)
  const [first, last] = [steady[0], steady.at(-1)]
  if (first === undefined || last === undefined || first === last) throw new Error('too few rounds were certified')
  const seconds = (last.timeMs - first.timeMs) / 1000
  const tokens = steady.slice(1).reduce((sum, round) => sum + round.tokens, 0)
  yield compare({ name: 'trained', value: tokens / seconds, unit: 'tokens/s' }, (before + after) / 2, TARGET)
  if (TELLS_USE) yield* processorTime(run, first.round, last.round)
  yield* roundTimes(run, first.round, (seconds * 1000) / (steady.length - 1))
}

/** Of all peers together, which tells more than the clock where eight of them share few cores. */
function* processorTime(run: DefaultRun, fromRound: number, toRound: number): Generator<Figure> {
  const peers = new Set(eventsOf(run, 'peer.ready').map(event => event.pid))
  const upTo = (round: number, of: (each: ProcessUse) => number): number =>
    run.use
      .findLast(sample => sample.round === round)!
      .processes.filter(({ pid }) => peers.has(pid))
      .reduce((sum, each) => sum + of(each), 0)
  const aRound = (of: (each: ProcessUse) => number): number =>
    (upTo(toRound, of) - upTo(fromRound, of)) / (toRound - fromRound)
  const all = aRound(({ cpuSeconds }) => cpuSeconds)
  yield inform({ name: 'processor time of a round, all peers', value: all, unit: 's' })
  const main = aRound(({ mainCpuSeconds }) => mainCpuSeconds)
  yield compare({ name: 'of it on main threads', value: main, unit: 's' }, all, null)
}

/** Tokens a second: forward and backward of the whole model, micro-batch by micro-batch, without an optimiser. */
async function oneProcess(corpus: Corpus, signal: AbortSignal): Promise<number> {
  const manifest = defaultManifest(corpus)
  const { sequences } = manifest.batch
  const { sequence } = manifest.model
  const batch = microBatch(corpus, manifest, { round: 1, source: 'bench', sequence: 0 }, { sequences, sequence })
  const model = await OneProcessModel.create(manifest, sequences, availableParallelism())
  await model.step(batch)
  const startMs = performance.now()
  let steps = 0
  for (; performance.now() - startMs < ONE_PROCESS_MS; steps++) {
    signal.throwIfAborted()
    await model.step(batch)
  }
  const elapsedMs = performance.now() - startMs
  await model.dispose()
  return (steps * sequences * sequence * 1000) / elapsedMs
}

const PARTS: readonly (keyof RoundTimes)[] = [
  'computeMs',
  'transferMs',
  'reduceMs',
  'agreeMs',
  'hashMs',
  'fsyncMs',
  'chainMs',
  'idleMs',
]

/** Means over peers and rounds; each part beside the whole, and the whole beside the clock of the rounds. */
function* roundTimes(run: DefaultRun, afterRound: number, wallMs: number): Generator<Figure> {
  const times = eventsOf(run, 'round.times')
    .filter(({ round }) => round > afterRound)
    .map(event => event.times)
  if (times.length === 0) throw new Error('no peer said where its time went')
  const average = (part: keyof RoundTimes): number => mean(times.map(each => each[part]))
  for (const part of PARTS) {
    yield compare({ name: `of a round: ${part.slice(0, -2)}`, value: average(part), unit: 'ms' }, wallMs, null)
  }
  const sum = PARTS.reduce((total, part) => total + average(part), 0)
  const ratio = sum / wallMs
  const met = Math.abs(ratio - 1) <= SUM_TOLERANCE
  const target = atLeast(1 - SUM_TOLERANCE)
  yield {
    name: 'sum of these, beside the wall time of a round',
    value: sum,
    unit: 'ms',
    bound: wallMs,
    ratio,
    target,
    met,
  }
}
