/**
 * Holds places at relays for a peer that others cannot dial. libp2p looks for relays once, and again only when it meets a new
 * peer; this keeps asking the connected ones until enough have given a place.
 */
import type { PeerId, PeerStore, Transport } from '@libp2p/interface'
import type { ConnectionManager, TransportManager } from '@libp2p/interface-internal'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { Loop } from '../../../protocols/discovery/loop.ts'
import { Retries } from '../../../protocols/discovery/retries.ts'
import type { Clock, Random } from '../../../protocols/wire/environment.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { isRelayed, relayOf } from './addresses.ts'
import { RELAY_SEARCH_MS, RELAYS_WANTED } from './constants.ts'
import { HOP_PROTOCOL } from './relay-gate.ts'

export interface RelaySeekerInit {
  readonly clock: Clock
  readonly random: Random
  readonly connectionManager: Pick<ConnectionManager, 'getConnections'>
  readonly transportManager: Pick<TransportManager, 'listen' | 'getAddrs' | 'getTransports'>
  readonly peerStore: Pick<PeerStore, 'get'>
  readonly onFailed: (relay: PeerName, reason: string) => void
}

/** The relay transport, as far as its class shows it. */
interface RelayTransport extends Transport {
  readonly reservationStore: { addRelay(relay: PeerId, type: 'discovered'): Promise<unknown> }
}

export class RelaySeeker {
  readonly #init: RelaySeekerInit
  readonly #loop: Loop
  readonly #retries: Retries
  #isListening = false

  constructor(init: RelaySeekerInit) {
    this.#init = init
    this.#loop = new Loop(init.clock, () => this.#pass())
    this.#retries = new Retries(init.clock, init.random)
  }

  /** Relays that hold a place now. */
  relays(): readonly PeerName[] {
    return relaysOf(this.#init.transportManager.getAddrs())
  }

  /** From now on places are held; they are kept until the node stops, as a second path. */
  async start(): Promise<void> {
    if (this.#isListening) return
    this.#isListening = true
    await this.#init.transportManager.listen(Array.from({ length: RELAYS_WANTED }, () => multiaddr('/p2p-circuit')))
    this.#loop.wake()
  }

  /** Looks at once: somebody new is connected, or a relay was lost. */
  wake(): void {
    if (this.#isListening) this.#loop.wake()
  }

  stop(): void {
    this.#loop.stop()
  }

  async #pass(): Promise<number> {
    const held = new Set(this.relays())
    if (held.size >= RELAYS_WANTED) return RELAY_SEARCH_MS
    const candidates = await this.#candidates(held)
    this.#retries.keepOnly(new Set(candidates.keys()))
    const next = [...candidates].find(([name]) => this.#retries.isDue(name))
    if (next !== undefined) {
      await this.#ask(...next)
      if (this.relays().length < RELAYS_WANTED && candidates.size > 1) return 0
    }
    return RELAY_SEARCH_MS
  }

  /** Connected straight to here, and serving. */
  async #candidates(held: ReadonlySet<PeerName>): Promise<ReadonlyMap<PeerName, PeerId>> {
    const candidates = new Map<PeerName, PeerId>()
    for (const { remotePeer, remoteAddr, status } of this.#init.connectionManager.getConnections()) {
      const name = remotePeer.toString()
      if (status !== 'open' || isRelayed(remoteAddr) || held.has(name) || candidates.has(name)) continue
      const peer = await this.#init.peerStore.get(remotePeer).catch(() => null)
      if (peer?.protocols.includes(HOP_PROTOCOL) === true) candidates.set(name, remotePeer)
    }
    return candidates
  }

  async #ask(name: PeerName, relay: PeerId): Promise<void> {
    this.#retries.tried(name)
    const transport = this.#init.transportManager.getTransports().find(isRelayTransport)
    await transport?.reservationStore
      .addRelay(relay, 'discovered')
      .catch((error: Error) => this.#init.onFailed(name, error.message))
  }
}

export function relaysOf(addresses: readonly Multiaddr[]): readonly PeerName[] {
  const relays = addresses.filter(isRelayed).map(relayOf)
  return [...new Set(relays.filter(relay => relay !== null))]
}

function isRelayTransport(transport: Transport): transport is RelayTransport {
  return 'reservationStore' in transport
}
