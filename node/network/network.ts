/** Puts libp2p together, and keeps it going until it is stopped. */

import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Identify } from '@libp2p/identify'
import type { Connection, Libp2p, PeerId, ServiceMap } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Ping } from '@libp2p/ping'
import { createLibp2p } from 'libp2p'
import { MAX_ADDRESSES } from '../../protocols/wire/constants.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { PROGRAM_NAME, PROGRAM_VERSION } from '../config/version.ts'
import { Bootstrapper } from './bootstrapper.ts'
import { ByteCounter } from './bytes.ts'
import {
  ADDRESS_BOOK_AGE_MS,
  DIAL_TIMEOUT_MS,
  DISCOVERED_AFTER_MS,
  PROFILES,
  STOP_TIMEOUT_MS,
  VERSIONS_AFTER_MS,
} from './constants.ts'
import { paceRequests } from './dht-pace.ts'
import { tellingEncrypters } from './encrypters.ts'
import { listenError } from './errors.ts'
import { Gater } from './gater.ts'
import { introductions } from './introductions.ts'
import { knownDials } from './known-dials.ts'
import { boundLengths } from './length-bounds.ts'
import { Liveness } from './liveness.ts'
import { sparingYamux } from './muxer.ts'
import { relayOf, toldAddresses } from './nat/addresses.ts'
import type { Nat, NatComponents } from './nat/index.ts'
import type { Reachability } from './nat/types.ts'
import { ownAddresses } from './own-addresses.ts'
import { Pace } from './pace.ts'
import { boundAddresses } from './peer-bounds.ts'
import { cachePeers } from './peer-cache.ts'
import { pings } from './pings.ts'
import { boundProviders } from './provider-bounds.ts'
import { calmRoutingTable } from './routing-table.ts'
import { kademlia, pubsub } from './services.ts'
import { spareEvents } from './spare-events.ts'
import { addressTarget, parseAddress, peerTarget } from './targets.ts'
import { UNDERLAYS, type Underlay } from './transports.ts'
import type { ConnectionInfo, DialOptions, Network, NetworkComponents, NetworkInit, SentBytes } from './types.ts'
import { otherVersion } from './versions.ts'

interface Services extends ServiceMap {
  readonly identify: Identify
  readonly ping: Ping
  readonly dht: KadDHT
  readonly pubsub: GossipSub
  readonly components: NetworkComponents
  readonly inside: NatComponents
  readonly liveness: Liveness
}

/** Loaded only where it is used: local peers must not pay for it. */
type NatModule = typeof import('./nat/index.ts')

/**
 * Starts a peer: listens, opens the address book, and looks for other peers in the background.
 * Rejects with an `ExitError`: the port is in use, an address is wrong, the folder is in use.
 */
export async function createNetwork(init: NetworkInit, underlay: Underlay = UNDERLAYS.node): Promise<Network> {
  init.signal.throwIfAborted()
  for (const address of [...init.listen, ...init.announce, ...init.bootstrap]) parseAddress(address)
  const counter = new ByteCounter()
  const limits = PROFILES[init.profile]
  const { clock, hasPlace = () => true } = init
  const pace = new Pace({ clock, hasPlace })
  const gater = new Gater({
    perAddress: limits.perAddress,
    pending: limits.pending,
    strangers: limits.strangers,
    hasPlace,
    nowMs: () => clock.nowMs(),
    pace,
    connections: peer => components?.connectionManager.getConnections(peer) ?? [],
  })
  let components: NetworkComponents | null = null
  const module = init.nat === undefined ? null : await import('./nat/index.ts')
  const store = await underlay.openDatastore(init.datastoreDir)
  try {
    const libp2p = await startLibp2p(init, underlay, store, gater, pace, counter, module)
    const { inside } = libp2p.services
    components = libp2p.services.components
    if (module !== null) {
      // Protocols see a peer behind a relay as connected; the gater, above, counts on the same list.
      components = { ...components, connectionManager: module.relayedDials(inside.connectionManager) }
    }
    const { connectionManager, peerStore } = components
    components = { ...components, connectionManager: knownDials(connectionManager, peerStore) }
    const nat = module === null ? null : openNat(module, init, inside)
    gater.relay = nat?.relay ?? null
    const close = async (): Promise<void> => {
      pace.stop()
      await store.close()
    }
    return new RunningNetwork(init, libp2p, components, gater, counter, close, nat)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function startLibp2p(
  init: NetworkInit,
  underlay: Underlay,
  datastore: Awaited<ReturnType<Underlay['openDatastore']>>,
  gater: Gater,
  pace: Pace,
  counter: ByteCounter,
  module: NatModule | null,
): Promise<Libp2p<Services>> {
  spareEvents()
  boundLengths()
  const limits = PROFILES[init.profile]
  const { nat } = init
  const liveness = new Liveness(init.clock)
  const libp2p = await createLibp2p<Services>({
    start: false,
    ...(underlay.logger === undefined ? {} : { logger: underlay.logger }),
    nodeInfo: { name: PROGRAM_NAME, version: PROGRAM_VERSION, userAgent: `${PROGRAM_NAME}/${PROGRAM_VERSION}` },
    privateKey: init.privateKey,
    datastore,
    addresses: { listen: [...init.listen], announce: [...init.announce] },
    transports: [...underlay.transports(), ...(nat === undefined ? [] : (module?.natTransports(nat) ?? []))],
    peerDiscovery: nat === undefined ? [] : (module?.natDiscovery(nat) ?? []),
    connectionEncrypters: tellingEncrypters(underlay.encrypters(), pace),
    streamMuxers: [sparingYamux(liveness, pace)],
    connectionGater: gater,
    connectionManager: {
      maxConnections: limits.connections,
      // The gater's bound rules, which makes room; those that have to go for it still count here for a moment.
      maxIncomingPendingConnections: 2 * limits.pending,
      inboundConnectionThreshold: limits.inboundPerSecond,
      dialTimeout: DIAL_TIMEOUT_MS,
      ...(module === null ? {} : module.dialOrder()),
    },
    // `liveness` in its place.
    connectionMonitor: { enabled: false },
    peerStore: { maxAddressAge: ADDRESS_BOOK_AGE_MS, maxPeerAge: ADDRESS_BOOK_AGE_MS },
    metrics: counter.metrics,
    services: {
      identify: introductions(),
      ping: pings(),
      dht: kademlia(init, limits),
      pubsub: pubsub(limits),
      liveness: () => liveness,
      // With AutoNAT an address is told to others once one of them has dialled it; without, what is listened on is.
      ...(nat === undefined ? { ownAddresses: ownAddresses() } : module?.natServices(nat)),
      components: (all): NetworkComponents => ({
        peerId: all.peerId,
        privateKey: all.privateKey,
        registrar: all.registrar,
        connectionManager: all.connectionManager,
        peerStore: all.peerStore,
        events: all.events,
        logger: all.logger,
        pubsub: all.pubsub,
        dht: all.dht,
      }),
      inside: (all): NatComponents => ({
        peerId: all.peerId,
        privateKey: all.privateKey,
        registrar: all.registrar,
        connectionManager: all.connectionManager,
        connectionGater: all.connectionGater,
        transportManager: all.transportManager,
        addressManager: all.addressManager,
        peerStore: all.peerStore,
        events: all.events,
        logger: all.logger,
        dht: all.dht,
      }),
    },
  })
  cachePeers(libp2p.services.components.peerStore)
  boundAddresses(libp2p.services.components.peerStore)
  boundProviders(libp2p.services.dht, libp2p.peerId)
  calmRoutingTable(libp2p.services.dht)
  paceRequests(libp2p.services.dht, pace)
  try {
    await libp2p.start()
    return libp2p
  } catch (error) {
    await libp2p.stop()
    throw listenError(error, init.listen)
  }
}

function openNat(module: NatModule, init: NetworkInit, inside: NatComponents): Nat | null {
  if (init.nat === undefined) return null
  const { clock, random, onEvent } = init
  return new module.Nat(init.nat, inside, {
    clock,
    random,
    onReachability: reachability => onEvent?.({ type: 'reachability', ...reachability }),
    onWarning: message => onEvent?.({ type: 'trouble', message }),
  })
}

class RunningNetwork implements Network {
  readonly peer: PeerName
  readonly components: NetworkComponents
  readonly #init: NetworkInit
  readonly #libp2p: Libp2p
  readonly #gater: Gater
  readonly #counter: ByteCounter
  readonly #close: () => Promise<void>
  readonly #bootstrapper: Bootstrapper
  readonly #nat: Nat | null
  #stopped: Promise<void> | null = null

  constructor(
    init: NetworkInit,
    libp2p: Libp2p,
    components: NetworkComponents,
    gater: Gater,
    counter: ByteCounter,
    close: () => Promise<void>,
    nat: Nat | null,
  ) {
    this.peer = libp2p.peerId.toString()
    this.components = components
    this.#init = init
    this.#libp2p = libp2p
    this.#gater = gater
    this.#counter = counter
    this.#close = close
    this.#nat = nat
    this.#bootstrapper = this.#createBootstrapper()
    this.#listenToEvents()
    this.#bootstrapper.start()
    nat?.start()
    if (init.signal.aborted) void this.stop()
    init.signal.addEventListener('abort', this.#onAbort)
  }

  addresses(): readonly string[] {
    const suffix = `/p2p/${this.peer}`
    const own = this.#libp2p.getMultiaddrs()
    return (this.#nat === null ? own : toldAddresses(own))
      .slice(0, MAX_ADDRESSES)
      .map(address => address.toString().replace(suffix, ''))
  }

  reachability(): Reachability | null {
    return this.#nat?.reachability() ?? null
  }

  connections(): readonly ConnectionInfo[] {
    return this.#libp2p.getConnections().map(connection => ({
      peer: connection.remotePeer.toString(),
      address: connection.remoteAddr.toString(),
      relay: relayOf(connection.remoteAddr),
      direction: connection.direction,
      streams: connection.streams.length,
    }))
  }

  async dialPeer(peer: PeerName, { signal, addresses = [], another = false }: DialOptions): Promise<Connection> {
    const peerId = peerIdFromString(peer)
    const { peerStore, connectionManager } = this.components
    const options = { signal, force: another }
    const told = addresses.map(parseAddress)
    if (told.length > 0) {
      await peerStore.merge(peerId, { multiaddrs: told }, { signal })
      // Alone at first: it said so itself, while anybody may have had others stored under its name, as many as are tried.
      const named = told.map(address => address.encapsulate(`/p2p/${peer}`))
      const connection = await connectionManager.openConnection(named, options).catch(() => null)
      if (connection !== null) return connection
      signal.throwIfAborted()
    }
    return await connectionManager.openConnection(peerId, options)
  }

  async deny(peer: PeerName, reason: string): Promise<void> {
    this.#gater.deny(peer, reason)
    this.#init.onEvent?.({ type: 'denied', peer, reason })
    await this.components.connectionManager.closeConnections(peerIdFromString(peer))
  }

  allow(peer: PeerName): void {
    this.#gater.allow(peer)
  }

  denied(): ReadonlyMap<PeerName, string> {
    return this.#gater.denied()
  }

  bytes(): SentBytes {
    return this.#counter.sent()
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#init.signal.removeEventListener('abort', this.#onAbort)
    this.#bootstrapper.stop()
    let cancel = () => {}
    const tooLate = new Promise<void>(resolve => {
      cancel = this.#init.clock.after(STOP_TIMEOUT_MS, resolve)
    })
    await Promise.race([Promise.all([this.#nat?.stop(), this.#libp2p.stop()]), tooLate])
    cancel()
    await this.#close()
  }

  readonly #onAbort = (): void => void this.stop()

  #createBootstrapper(): Bootstrapper {
    const { connectionManager, peerStore, peerId } = this.components
    return new Bootstrapper({
      clock: this.#init.clock,
      random: this.#init.random,
      connectedPeers: () => this.#libp2p.getPeers().length,
      bootstrap: this.#init.bootstrap.map(address => addressTarget(address, peerId, connectionManager)),
      stored: async limit => {
        const peers = await peerStore.all({
          filters: [peer => !peer.id.equals(peerId) && peer.addresses.length > 0],
          limit,
        })
        return peers.map(peer => peerTarget(peer.id, connectionManager))
      },
      onIsolated: (attempts, lastError) => this.#init.onEvent?.({ type: 'isolated', attempts, lastError }),
    })
  }

  async #compareVersions(peer: PeerId): Promise<void> {
    const known = await this.components.peerStore.get(peer).catch(() => null)
    const other = known === null ? null : otherVersion(known.protocols, this.components.registrar.getProtocols())
    if (other !== null) this.#init.onEvent?.({ type: 'other-version', peer: peer.toString(), ...other })
  }

  #listenToEvents(): void {
    const { onEvent } = this.#init
    const known = { addresses: '' }
    this.#libp2p.addEventListener('peer:connect', event =>
      onEvent?.({ type: 'connected', peer: event.detail.toString() }),
    )
    this.#libp2p.addEventListener('peer:identify', ({ detail: { peerId } }) => {
      this.#init.clock.after(VERSIONS_AFTER_MS, () => void this.#compareVersions(peerId))
    })
    this.#libp2p.addEventListener('peer:disconnect', event => {
      onEvent?.({ type: 'disconnected', peer: event.detail.toString() })
      this.#bootstrapper.wake()
    })
    // Found in the local network; the address book has it a moment after it is told.
    if (this.#nat !== null)
      this.#libp2p.addEventListener('peer:discovery', () => {
        this.#init.clock.after(DISCOVERED_AFTER_MS, () => this.#bootstrapper.wake())
      })
    this.#libp2p.addEventListener('self:peer:update', () => {
      const addresses = this.addresses()
      if (known.addresses === addresses.join()) return
      known.addresses = addresses.join()
      onEvent?.({ type: 'addresses', addresses })
    })
    // It listens since libp2p's start: whoever came in between, such as the siblings of a restarted peer, is told now.
    for (const peer of this.#libp2p.getPeers()) onEvent?.({ type: 'connected', peer: peer.toString() })
  }
}
