/** `swarm-node up`: a local swarm with its own chain. It starts and stops programs, and reports; it decides nothing. */
import type { Settings } from '../../config/options.ts'
import { EventBus } from '../../events/bus.ts'
import type { StartPhase } from '../../events/types.ts'
import { wallClockMs } from '../../events/wall-clock.ts'
import { lockDataFolder } from '../../identity/index.ts'
import { certifiedRound } from '../../local/certified.ts'
import { finishRun } from '../../local/finish.ts'
import { type LocalPlan, planLocalRun } from '../../local/prepare.ts'
import { handCommands } from '../../local/programs.ts'
import { LocalSwarm, startChain } from '../../local/swarm.ts'
import { type Run, swarmFolder } from '../../run/folder.ts'
import { EXIT } from '../exit.ts'
import { project } from '../projections/index.ts'
import { summaryLines } from '../projections/plain.ts'

/** For the chain's last block to be written. */
const CHAIN_GRACE_MS = 5_000

export async function run(settings: Settings, stop: AbortSignal): Promise<number> {
  const folder = swarmFolder(settings.data!)
  const lock = await lockDataFolder(folder.root)
  const bus = new EventBus(wallClockMs)
  const timed = async <Result>(phase: StartPhase, work: () => Promise<Result>): Promise<Result> => {
    const beganMs = wallClockMs()
    const result = await work()
    bus.emit('start.phase', { phase, ms: wallClockMs() - beganMs })
    return result
  }
  try {
    const plan = await planLocalRun(settings, folder)
    const projection = project(bus, { json: settings.json!, targetRounds: settings.rounds! })
    const chain = await timed('chain', () => startChain(folder, settings['chain-port']!, bus))
    try {
      const target = await timed('bond', () => plan.open(chain.url, stop))
      if (settings['prepare-only'] === true) {
        console.log(handCommands(plan, chain.url, settings).join('\n'))
        return EXIT.ok
      }
      await train(settings, plan, target, chain.url, bus, projection, stop)
      return EXIT.ok
    } finally {
      await chain.child.stop(CHAIN_GRACE_MS)
    }
  } finally {
    await lock.release()
  }
}

async function train(
  settings: Settings,
  plan: LocalPlan,
  target: Run,
  chainUrl: string,
  bus: EventBus,
  projection: ReturnType<typeof project>,
  stop: AbortSignal,
): Promise<void> {
  const peerFolders = plan.peers.map(peer => peer.folder)
  const untilRound = (await certifiedRound(peerFolders, target)) + settings.rounds!
  const { corpus, threads } = settings
  const swarm = new LocalSwarm({
    folder: plan.folder,
    peers: plan.peers,
    chainUrl,
    corpus: corpus!,
    threads: threads!,
    untilRound,
    bus,
  })
  await swarm.run(stop)
  const seconds = projection.progress.trainingSeconds()
  const { folder } = plan
  const finished = await finishRun({
    folder,
    peerFolders,
    run: target,
    progress: projection.progress,
    traffic: swarm.traffic,
    seconds,
    signal: AbortSignal.any([]),
  })
  projection.finish()
  bus.emit('summary', finished.summary)
  if (settings.json === true) return
  const next = `swarm-node up --data ${settings.data} --rounds ${settings.rounds}`
  console.log(summaryLines({ event: 'summary', timeMs: wallClockMs(), ...finished.summary }, next).join('\n'))
  if (finished.sample !== null) console.log(`\n${finished.sample}`)
}
