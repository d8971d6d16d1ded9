/** From `npm start` to the first certified round, and the memory of the default run's processes. */
import { certifiedRounds, type DefaultRun, defaultRun, eventsOf } from './default-run.ts'
import { atMost, type Benchmark, compare, type Figure, inform } from './measure.ts'
import { type ProcessUse, TELLS_USE } from './processes.ts'

const FIRST_ROUND_SECONDS = 20
const PEER_MB = 350
const WHOLE_MB = 3200
const BYTES_PER_MB = 1e6

export const start: Benchmark = {
  about: 'the default run from its start to its first certified round, and its memory (bound: what is allowed)',
  run: benchStart,
}

async function* benchStart(signal: AbortSignal): AsyncGenerator<Figure> {
  const run = await defaultRun(signal)
  // Phases run one after the other in a process; peers go through theirs at the same time, so the slowest counts.
  const phases = Map.groupBy(eventsOf(run, 'start.phase'), event => event.phase)
  for (const [phase, events] of phases) {
    yield inform({ name: `phase ${phase}`, value: Math.max(...events.map(event => event.ms)) / 1000, unit: 's' })
  }
  const first = certifiedRounds(run)[0]
  if (first === undefined) throw new Error('no round was certified')
  const seconds = (first.timeMs - run.spawnedMs) / 1000
  yield compare({ name: 'first certified round', value: seconds, unit: 's' }, FIRST_ROUND_SECONDS, atMost(1))
  if (TELLS_USE) yield* memory(run)
}

function* memory(run: DefaultRun): Generator<Figure> {
  const peers = new Set(eventsOf(run, 'peer.ready').map(event => event.pid))
  const samples = run.use.flatMap(({ processes }) => processes)
  const peak = (kind: (of: ProcessUse) => boolean): number =>
    Math.max(0, ...samples.filter(kind).map(({ peakBytes }) => peakBytes)) / BYTES_PER_MB
  const isChain = ({ commandLine }: ProcessUse): boolean => /[ /]chain(\.js)? /.test(commandLine)
  const largest = peak(({ pid }) => peers.has(pid))
  yield compare({ name: 'largest peer, peak', value: largest, unit: 'MB' }, PEER_MB, atMost(1))
  yield inform({ name: 'chain, peak', value: peak(isChain), unit: 'MB' })
  yield inform({
    name: 'parent and others, peak of the largest',
    value: peak(of => !peers.has(of.pid) && !isChain(of)),
    unit: 'MB',
  })
  const together = run.use.map(({ processes }) => processes.reduce((sum, { residentBytes }) => sum + residentBytes, 0))
  const whole = Math.max(0, ...together) / BYTES_PER_MB
  yield compare({ name: 'all processes together, at the most', value: whole, unit: 'MB' }, WHOLE_MB, atMost(1))
}
