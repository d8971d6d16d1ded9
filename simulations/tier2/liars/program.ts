/**
 * A dishonest peer: the honest composition of `node/main.ts` with some of its parts replaced. `node program.ts <lie> join ...`:
 * after the lie's name come the arguments of `swarm-node`. The product has no flag for any of them.
 */
import { resolve } from 'node:path'
import { ExitError } from '../../../node/cli/exit.ts'
import { onParentGone } from '../../../node/cli/lifetime.ts'
import { jsonLine } from '../../../node/cli/projections/index.ts'
import { parseCommand } from '../../../node/config/parse.ts'
import { EventBus } from '../../../node/events/bus.ts'
import { wallClockMs } from '../../../node/events/wall-clock.ts'
import { loadAccount, loadPeerKey, lockDataFolder } from '../../../node/identity/index.ts'
import { createNetwork, type Network } from '../../../node/network/index.ts'
import { composePeer } from '../../../node/peer/compose.ts'
import { digestOf } from '../../../node/peer/digest.ts'
import { folderDisk } from '../../../node/peer/disk.ts'
import { logEvents } from '../../../node/peer/log.ts'
import { openEngine } from '../../../node/peer/stage-disk.ts'
import { makeSystem } from '../../../node/peer/system.ts'
import { openChain } from '../../../node/run/chain.ts'
import { loadRunCorpus } from '../../../node/run/corpus.ts'
import { accountPath, IDENTITY_FILE, resolveRun } from '../../../node/run/folder.ts'
import { instead } from '../../attackers/instead.ts'
import { ATTACKED, LIES } from './index.ts'
import type { Lie } from './types.ts'

/** Runs until it is asked to end, or its parent is gone. */
async function runLiar(name: string, lie: Lie): Promise<void> {
  const command = parseCommand(process.argv.slice(3), process.env)
  if ('help' in command) throw new ExitError('usage', 'a liar only joins', 'node program.ts <lie> join ...')
  const { settings } = command
  const folder = resolve(settings.data!)
  const lock = await lockDataFolder(folder)
  const run = resolveRun(settings.run!, folder)
  const bus = new EventBus(wallClockMs)
  bus.subscribe(event => console.log(jsonLine(event)))
  const endLog = logEvents(bus, folder)
  const { signal } = stopper()
  const privateKey = await loadPeerKey(resolve(folder, IDENTITY_FILE))
  const account = await loadAccount(accountPath(folder))
  const chain = await openChain({ url: settings.chain!, account, manifest: run.manifest, signal })
  const system = makeSystem()
  let network: Network | null = null
  await composePeer(
    {
      run,
      folder,
      listen: settings.listen!,
      announce: settings.announce ?? [],
      bootstrap: settings.bootstrap ?? [],
      corpus: await loadRunCorpus(settings.corpus!, run.manifest),
      threads: settings.threads ?? 1,
      untilRound: settings.until ?? null,
      bus,
      signal,
    },
    {
      privateKey,
      chain,
      ...system,
      digest: digestOf,
      openDisk: folderDisk,
      openEngine,
      async createNetwork(init) {
        network = await createNetwork(init)
        return network
      },
      wrapParts(parts) {
        if (network === null) throw new Error('the network is opened before the rounds')
        const components = { ...network.components, ...system, digest: digestOf }
        const lying = lie(parts, { privateKey, components, acts: () => console.log(attackedLine(name)) })
        // It signs past its journal, and knows.
        return { ...lying, journal: instead(lying.journal, { lacks: () => false }) }
      },
    },
  )
  await chain.close()
  endLog()
  await lock.release()
  process.exit(0)
}

function stopper(): AbortController {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort(new Error(signal)))
  onParentGone(() => stop.abort(new Error('the parent process is gone')))
  return stop
}

/** Not an event of the product: what an attacker tells of itself, for the checkers. */
function attackedLine(attack: string): string {
  return JSON.stringify({ event: ATTACKED, attack })
}

const name = process.argv[2] ?? ''
const lie = LIES[name]
if (lie === undefined) throw new ExitError('usage', `there is no lie '${name}'`, Object.keys(LIES).join(', '))
await runLiar(name, lie)
