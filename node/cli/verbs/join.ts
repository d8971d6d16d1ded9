/** `swarm-node join`: one peer of a run. `up` starts its peers with this very verb. */
import { totalmem } from 'node:os'
import { resolve } from 'node:path'
import { natOf } from '../../config/nat.ts'
import type { Settings } from '../../config/options.ts'
import { syncOf } from '../../config/sync.ts'
import { threadsOf } from '../../config/threads.ts'
import { EventBus } from '../../events/bus.ts'
import { wallClockMs } from '../../events/wall-clock.ts'
import { loadAccount, lockDataFolder } from '../../identity/index.ts'
import { loadRunCorpus } from '../../run/corpus.ts'
import { accountPath, isUnknownRun, resolveRun, writeRun } from '../../run/folder.ts'
import { openFolderVersion } from '../../run/folder-version.ts'
import { EXIT } from '../exit.ts'
import { onParentGone } from '../lifetime.ts'
import { project } from '../projections/index.ts'

const DEFAULT_LISTEN = ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0']

const PAUSED = '\npaused    the same command goes on from here'
const STOPPED = '\nstopped   the same command goes on from here'
const LEFT = '\nleft      the seat is given up; a peer with another bond can take one'

const ENDS = { stopped: STOPPED, paused: PAUSED, left: LEFT } as const

const MIB = 1024 * 1024
/** Of the machine's memory, where nothing is said. */
const MEMORY_SHARE = 0.75

function memoryOf(mib: number | undefined): number {
  return mib === undefined ? MEMORY_SHARE * totalmem() : mib * MIB
}

/** By its id alone: other peers give the manifest, and its hash shows that it is the one. */
async function fetchRun(settings: Settings, folder: string, signal: AbortSignal): Promise<void> {
  const { fetchRunManifest } = await import('../../main.ts')
  const listen = settings.listen ?? DEFAULT_LISTEN
  const init = { run: settings.run!, folder, listen, bootstrap: settings.bootstrap ?? [], nat: natOf(settings), signal }
  writeRun(folder, await fetchRunManifest(init))
}

export async function run(settings: Settings, stop: AbortSignal): Promise<number> {
  const folder = resolve(settings.data!)
  const lock = await lockDataFolder(folder)
  try {
    openFolderVersion(folder)
    const parent = new AbortController()
    if (settings['parent-stdin'] === true) onParentGone(() => parent.abort(new Error('the parent process is gone')))
    // Under a parent everybody stops, and nobody is left to hand work to. Alone, the first Ctrl-C asks for a pause; the second ends.
    const isAlone = settings['parent-stdin'] !== true
    const signal = isAlone ? parent.signal : AbortSignal.any([stop, parent.signal])
    const started = AbortSignal.any([stop, parent.signal])
    if (isUnknownRun(settings.run!, folder)) await fetchRun(settings, folder, started)
    const target = resolveRun(settings.run!, folder)
    const corpus = await loadRunCorpus(settings.corpus!, target.manifest)
    const bus = new EventBus(wallClockMs)
    const projection = project(bus, {
      json: settings.json === true,
      targetRounds: null,
      // It reports the rounds of its own stage only.
      stages: 1,
      peers: 1,
      begins: 'the peer opens its folder and asks the chain for its seat',
    })
    // libp2p, onnxruntime and the chain's api are loaded only now: a wrong option must not cost their start-up time.
    const { runPeer } = await import('../../main.ts')
    const end = await runPeer({
      run: target,
      folder,
      chainUrl: settings.chain!,
      account: settings.account ?? (await loadAccount(accountPath(folder))),
      listen: settings.listen ?? DEFAULT_LISTEN,
      announce: settings.announce ?? [],
      bootstrap: settings.bootstrap ?? [],
      nat: natOf(settings),
      sync: syncOf(settings),
      corpus,
      threads: threadsOf(settings),
      memoryBytes: memoryOf(settings['memory-mib']),
      untilRound: settings.until ?? null,
      keepRounds: settings['keep-rounds']!,
      bus,
      ...(isAlone ? { pause: stop } : {}),
      signal,
    })
    projection.finish()
    if (settings.json !== true) console.log(ENDS[end])
    return EXIT.ok
  } finally {
    await lock.release()
  }
}
