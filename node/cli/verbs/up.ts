/** `swarm-node up`: a local swarm with its own chain. It starts and stops programs, and reports; it decides nothing. */
import { OPTIONS, type Settings } from '../../config/options.ts'
import { threadsOfMany } from '../../config/threads.ts'
import { EventBus } from '../../events/bus.ts'
import type { StartPhase } from '../../events/types.ts'
import { wallClockMs } from '../../events/wall-clock.ts'
import { lockDataFolder } from '../../identity/index.ts'
import { certifiedRound } from '../../local/certified.ts'
import { type LocalChain, startChain } from '../../local/chain.ts'
import { type LocalPlan, planLocalRun } from '../../local/prepare.ts'
import { handCommands } from '../../local/programs.ts'
import type { OpenedRun } from '../../local/setup.ts'
import { LocalSwarm } from '../../local/swarm.ts'
import { chainExit } from '../../run/chain.ts'
import { swarmFolder } from '../../run/folder.ts'
import { openFolderVersion } from '../../run/folder-version.ts'
import { collectGarbage } from '../../run/v8.ts'
import { EXIT } from '../exit.ts'
import { type Projection, project } from '../projections/index.ts'
import { summaryLines } from '../projections/summary.ts'

export async function run(settings: Settings, stop: AbortSignal): Promise<number> {
  const folder = swarmFolder(settings.data!)
  const lock = await lockDataFolder(folder.root)
  try {
    openFolderVersion(folder.root)
    await runLocally(settings, await planLocalRun(settings, folder), stop)
    return EXIT.ok
  } finally {
    await lock.release()
  }
}

async function runLocally(settings: Settings, plan: LocalPlan, stop: AbortSignal): Promise<void> {
  const bus = new EventBus(wallClockMs)
  const timed = async <Result>(phase: StartPhase, work: () => Promise<Result>): Promise<Result> => {
    const beganMs = wallClockMs()
    const result = await work()
    bus.emit('start.phase', { phase, ms: wallClockMs() - beganMs })
    return result
  }
  const isPreparing = settings['prepare-only'] === true
  const projection = project(bus, {
    // The commands are all that is printed then.
    json: settings.json === true,
    isQuiet: isPreparing,
    targetRounds: settings.rounds!,
    stages: plan.stages,
    peers: plan.peers.length,
    begins: 'the embedded chain starts',
  })
  try {
    const chain = await timed('chain', () =>
      startChain(plan.folder, { port: settings['chain-port']!, bus, signal: stop }),
    )
    try {
      const opened = await timed('bond', () => open(plan, chain, stop))
      if (isPreparing) {
        await opened.started
        const threads = threadsOfMany(settings)
        console.log(handCommands(plan, chain.url, { ...settings, threads }).join('\n'))
      } else await train(settings, plan, opened, chain, bus, projection, stop)
    } finally {
      await chain.stop()
    }
  } catch (error) {
    if (!stop.aborted || error !== stop.reason) throw error
    projection.finish()
    if (settings.json !== true) console.log(`\nstopped   before the run began\ncontinue  ${continuation(settings)}`)
  }
}

async function open(plan: LocalPlan, chain: LocalChain, stop: AbortSignal): Promise<OpenedRun> {
  try {
    return await plan.open(chain.url, stop)
  } catch (error) {
    throw openingError(error, chain, stop)
  }
}

function openingError(error: unknown, chain: LocalChain, stop: AbortSignal): unknown {
  return error === stop.reason ? error : chainExit(error, chain.url)
}

async function train(
  settings: Settings,
  plan: LocalPlan,
  { run: target, started }: OpenedRun,
  chain: LocalChain,
  bus: EventBus,
  projection: Projection,
  stop: AbortSignal,
): Promise<void> {
  const { folder, peers, stages } = plan
  const { progress } = projection
  const peerFolders = peers.map(peer => peer.folder)
  const baseRound = await certifiedRound(peerFolders, target)
  progress.continueAfter(baseRound)
  const swarm = new LocalSwarm({
    folder,
    peers,
    stages,
    chainUrl: chain.url,
    corpus: settings.corpus!,
    threads: threadsOfMany(settings),
    keepRounds: settings['keep-rounds']!,
    untilRound: baseRound + settings.rounds!,
    bus,
  })
  // Making the stakes took a hundred megabytes, of which nothing is needed while the peers train.
  started.then(collectGarbage, error => {
    // A stop ends the swarm in its own way.
    if (!stop.aborted) swarm.fail(openingError(error, chain, stop))
  })
  chain.child.ended.then(
    end => swarm.fail(chain.failure(end)),
    error => swarm.fail(error),
  )
  await swarm.run(stop)
  // What is finished now is finished whatever the user wants: it takes seconds, and a second Ctrl-C ends it.
  const { signal } = new AbortController()
  // Loaded only now: it brings onnxruntime along, which this program does without while the peers train.
  const { finishRun } = await import('../../local/finish.ts')
  const finished = await finishRun({ folder, peerFolders, run: target, progress, traffic: swarm.traffic, signal })
  projection.finish()
  bus.emit('summary', finished.summary)
  if (settings.json === true) return
  console.log(summaryLines(finished.summary, continuation(settings)).join('\n'))
  if (finished.sample !== null) console.log(`\n${finished.sample}`)
}

/** The command that goes on with this run, for the shell that this one was typed into. */
function continuation(settings: Settings): string {
  const words = (['data', 'rounds', 'corpus'] as const).flatMap(name =>
    settings[name] === OPTIONS[name].default ? [] : [`--${name}`, String(settings[name])],
  )
  const isNpmStart = process.env.npm_lifecycle_event === 'start'
  const command = isNpmStart ? ['npm', 'start', ...(words.length === 0 ? [] : ['--'])] : ['swarm-node', 'up']
  return [...command, ...words].join(' ')
}
