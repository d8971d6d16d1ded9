/** The only composition root: a peer of a run on a real machine, with the real chain, network, engine, time and disk. */
import { join } from 'node:path'
import { useEd25519 } from '../protocols/wire/ed25519.ts'
import { loadPeerKey, nativeVerifier, signingNatively } from './identity/index.ts'
import { createNetwork, type Network } from './network/index.ts'
import { parseAddress } from './network/targets.ts'
import { composePeer } from './peer/compose.ts'
import { digestOf } from './peer/digest.ts'
import { folderDisk } from './peer/disk.ts'
import type { PeerEnvironment, PeerInit } from './peer/environment.ts'
import { logEvents } from './peer/log.ts'
import { openEngine } from './peer/stage-disk.ts'
import { makeSystem } from './peer/system.ts'
import { chainExit, openChain } from './run/chain.ts'
import { IDENTITY_FILE } from './run/folder.ts'
import { countBuffersWithHeap } from './run/v8.ts'
import { StatusWriter } from './status/writer.ts'

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
export async function runPeer(init: MachineInit): Promise<void> {
  const { run, folder, chainUrl, account, bus, signal } = init
  countBuffersWithHeap()
  useEd25519(nativeVerifier())
  // A mistyped address is told before anything is opened.
  for (const address of [...init.listen, ...init.announce, ...init.bootstrap]) parseAddress(address)
  const endLog = logEvents(bus, folder)
  let network: Network | null = null
  const status = new StatusWriter({
    folder,
    run: run.id,
    bus,
    connections: () => countPaths(network),
    onFailed: error => bus.emit('warning', { message: `status.json cannot be written: ${error.message}` }),
  })
  let ended = 'it was stopped'
  try {
    const privateKey = signingNatively(await loadPeerKey(join(folder, IDENTITY_FILE)))
    const system = makeSystem()
    let isLate = false
    const cancel = system.clock.after(CHAIN_NEWS_MS, () => {
      isLate = true
      bus.emit('chain.away', { reason: `${chainUrl} has not answered yet; this peer starts once it does` })
    })
    const opening = openChain({ url: chainUrl, account, manifest: run.manifest, signal })
    const chain = await opening.finally(cancel)
    if (isLate) bus.emit('chain.back', { height: (await chain.finalizedHead({ signal })).height })
    try {
      const { wrapParts } = init
      await composePeer(init, {
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
      })
    } finally {
      await chain.close()
    }
  } catch (error) {
    // Being stopped is no failure, however far it had come.
    if (signal.aborted) return
    ended = error instanceof Error ? error.message : String(error)
    throw chainExit(error, chainUrl)
  } finally {
    network = null
    await status.stop(ended)
    endLog()
  }
}

function countPaths(network: Network | null): { direct: number; relayed: number } {
  const peers = new Map<string, boolean>()
  for (const { peer, relay } of network?.connections() ?? [])
    peers.set(peer, peers.get(peer) === true || relay === null)
  const direct = [...peers.values()].filter(isDirect => isDirect).length
  return { direct, relayed: peers.size - direct }
}
