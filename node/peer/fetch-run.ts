/** The manifest of a run from other peers, by the run's id alone: whoever gives it, its hash shows that it is the one. */
import { join } from 'node:path'
import type { PrivateKey } from '@libp2p/interface'
import { findProviders, RECORD_NAMESPACE } from '../../protocols/discovery/index.ts'
import { runs } from '../../protocols/run/index.ts'
import { decodeManifest } from '../../protocols/wire/cid.ts'
import type { Clock, Digest, Random } from '../../protocols/wire/environment.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'
import type { ContentId, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { ExitError } from '../cli/exit.ts'
import type { NatInit, Network, NetworkInit } from '../network/index.ts'
import { delay } from './delay.ts'
import { profileOf } from './profile.ts'

/** For the bootstrap peers to answer, and for the DHT to be searched. */
const PATIENCE_MS = 60_000
/** Between two rounds of asking. */
const RETRY_MS = 1_000
/** The first stage, which every run has. */
const STAGE = 0

export interface FetchRunInit {
  readonly run: ContentId
  readonly folder: string
  readonly listen: readonly string[]
  readonly bootstrap: readonly string[]
  readonly nat?: NatInit
  readonly privateKey: PrivateKey
  readonly clock: Clock
  readonly random: Random
  readonly digest: Digest
  readonly createNetwork: (init: NetworkInit) => Promise<Network>
  readonly signal: AbortSignal
}

/** @throws ExitError 'unavailable' where nobody who can be reached has it */
export async function fetchManifest(init: FetchRunInit): Promise<Manifest> {
  const { run, folder, listen, bootstrap, privateKey, clock, random, digest, signal } = init
  const patience = new AbortController()
  const cancel = clock.after(PATIENCE_MS, () => patience.abort())
  const limited = AbortSignal.any([signal, patience.signal])
  const profile = profileOf(listen)
  const network = await init.createNetwork({
    privateKey,
    listen,
    announce: [],
    bootstrap,
    profile,
    ...(profile === 'local' || init.nat === undefined ? {} : { nat: init.nat }),
    datastoreDir: join(folder, 'addresses'),
    // It only asks: nothing is stored for others before the run is known.
    records: { namespace: RECORD_NAMESPACE, validate: refuseRecord, select: async () => 0 },
    clock,
    random,
    signal: new AbortController().signal,
  })
  const service = runs({ served: null })({ ...network.components, clock, random, digest })
  try {
    await service.start()
    const asked = new Set<PeerName>()
    while (!limited.aborted) {
      const provided = await findProviders(network.components.dht, run, STAGE, limited).catch(() => new Set<PeerName>())
      await Promise.all([...provided].map(peer => network.dialPeer(peer, { signal: limited }).catch(() => null)))
      for (const { peer } of network.connections()) {
        if (asked.has(peer)) continue
        const bytes = await service.manifest(peer, run, { signal: limited })
        // Who cannot be asked just now is asked again.
        if (!isRefusal(bytes) || bytes.refused === 'wrong-run' || bytes.refused === 'wrong-hash') asked.add(peer)
        const manifest = isRefusal(bytes) ? bytes : decodeManifest(bytes)
        if (!isRefusal(manifest)) return manifest
      }
      await delay(clock, RETRY_MS, limited).catch(() => undefined)
    }
  } finally {
    cancel()
    await service.stop()
    await network.stop()
  }
  signal.throwIfAborted()
  throw new ExitError(
    'unavailable',
    `no peer that can be reached has the manifest of run ${run}`,
    'swarm-node join --bootstrap <the address of a peer of the run>, or --run <manifest file>',
  )
}

async function refuseRecord(): Promise<void> {
  throw new Error('this peer does not know its run yet')
}
