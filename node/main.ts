/** The only composition root: a peer of a run on a real machine, with the real chain, network, engine, time and disk. */
import { join } from 'node:path'
import { useEd25519 } from '../protocols/wire/ed25519.ts'
import type { Manifest } from '../protocols/wire/manifest.ts'
import { loadPeerKey, nativeVerifier, signingNatively } from './identity/index.ts'
import { createNetwork, type Network } from './network/index.ts'
import { parseAddress } from './network/targets.ts'
import { composePeer, type PeerEnd } from './peer/compose.ts'
import { digestOf } from './peer/digest.ts'
import { folderDisk } from './peer/disk.ts'
import type { PeerEnvironment, PeerInit } from './peer/environment.ts'
import { type FetchRunInit, fetchManifest } from './peer/fetch-run.ts'
import { logEvents } from './peer/log.ts'
import { openEngine } from './peer/stage-disk.ts'
import { makeSystem } from './peer/system.ts'
import { chainExit, openChain } from './run/chain.ts'
import { IDENTITY_FILE } from './run/folder.ts'
import { collectAfterRounds } from './run/garbage.ts'
import { clearRequest, readRequest } from './run/request.ts'
import { collectGarbage, setMemoryFlags } from './run/v8.ts'
import { StatusWriter } from './status/writer.ts'

/** How a peer ended, for its status. */
const ENDS: Readonly<Record<PeerEnd, string>> = {
  stopped: 'it was stopped',
  paused: 'it pauses',
  left: 'it has given its seat up',
}

/** A chain that has not answered by then is worth a word; it is waited for longer. */
const CHAIN_NEWS_MS = 5_000

export interface MachineInit extends PeerInit {
  readonly chainUrl: string
  /** Secret URI of the chain account. */
  readonly account: string
  /** What the rounds get in place of the real parts: how a test makes a liar of an honest composition. */
  readonly wrapParts?: PeerEnvironment['wrapParts']
}

/** Rejects with an `ExitError` where the peer cannot take part; with anything else where there is a bug. */
export async function runPeer(init: MachineInit): Promise<PeerEnd> {
  const { run, folder, chainUrl, account, bus } = init
  const asked = watchRequests(folder)
  const signal = AbortSignal.any([init.signal, asked.stop])
  const pause = AbortSignal.any([asked.pause, ...(init.pause === undefined ? [] : [init.pause])])
  const either = AbortSignal.any([signal, pause])
  setMemoryFlags()
  useEd25519(nativeVerifier())
  // A mistyped address is told before anything is opened.
  for (const address of [...init.listen, ...init.announce, ...init.bootstrap]) parseAddress(address)
  const endLog = logEvents(bus, folder)
  const endCollections = collectAfterRounds({
    bus,
    heldBytes: () => {
      const { heapTotal, external } = process.memoryUsage()
      return heapTotal + external
    },
    collect: collectGarbage,
  })
  let network: Network | null = null
  const status = new StatusWriter({
    folder,
    run: run.id,
    bus,
    connections: () => countPaths(network),
    onFailed: error => bus.emit('warning', { message: `status.json cannot be written: ${error.message}` }),
  })
  let ended = ENDS.stopped
  try {
    const privateKey = signingNatively(await loadPeerKey(join(folder, IDENTITY_FILE)))
    const system = makeSystem()
    let isLate = false
    const cancel = system.clock.after(CHAIN_NEWS_MS, () => {
      isLate = true
      bus.emit('chain.away', { reason: `${chainUrl} has not answered yet; this peer starts once it does` })
    })
    const opening = openChain({ url: chainUrl, account, manifest: run.manifest, signal: either })
    const chain = await opening.finally(cancel)
    if (isLate) bus.emit('chain.back', { height: (await chain.finalizedHead({ signal: either })).height })
    try {
      const { wrapParts } = init
      const end = await composePeer(
        { ...init, pause, signal },
        {
          privateKey,
          chain,
          ...system,
          digest: digestOf,
          openDisk: folderDisk,
          openEngine,
          async createNetwork(networkInit) {
            network = await createNetwork(networkInit)
            return network
          },
          ...(wrapParts === undefined ? {} : { wrapParts }),
        },
      )
      ended = ENDS[end]
      return end
    } finally {
      await chain.close()
    }
  } catch (error) {
    // Being stopped is no failure, however far it had come.
    if (either.aborted) return 'stopped'
    ended = error instanceof Error ? error.message : String(error)
    throw chainExit(error, chainUrl)
  } finally {
    asked.end()
    network = null
    await status.stop(ended)
    endCollections()
    endLog()
  }
}

/** Between two looks at whether a person wants the peer to stop, ms. */
const LOOK_MS = 1_000

/** `swarm-node pause` and `leave --force`, which work where there are no signals. */
function watchRequests(folder: string): { readonly stop: AbortSignal; readonly pause: AbortSignal; end(): void } {
  const controllers = { stop: new AbortController(), pause: new AbortController() }
  const take = (): 'stop' | 'pause' | null => {
    const request = readRequest(folder)
    if (request !== 'stop' && request !== 'pause') return null
    clearRequest(folder)
    return request
  }
  // Of an earlier process: this one was started since.
  take()
  const timer = setInterval(() => {
    const request = take()
    if (request !== null) controllers[request].abort(new Error(`asked to ${request}`))
  }, LOOK_MS)
  timer.unref()
  const { stop, pause } = controllers
  return { stop: stop.signal, pause: pause.signal, end: () => clearInterval(timer) }
}

/** The manifest of a run that is known by its id only. */
export async function fetchRunManifest(
  init: Pick<FetchRunInit, 'run' | 'folder' | 'listen' | 'bootstrap' | 'nat' | 'signal'>,
): Promise<Manifest> {
  useEd25519(nativeVerifier())
  const privateKey = signingNatively(await loadPeerKey(join(init.folder, IDENTITY_FILE)))
  return fetchManifest({ ...init, privateKey, ...makeSystem(), digest: digestOf, createNetwork })
}

function countPaths(network: Network | null): { direct: number; relayed: number } {
  const peers = new Map<string, boolean>()
  for (const { peer, relay } of network?.connections() ?? [])
    peers.set(peer, peers.get(peer) === true || relay === null)
  const direct = [...peers.values()].filter(isDirect => isDirect).length
  return { direct, relayed: peers.size - direct }
}
