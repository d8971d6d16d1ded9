/** The relay that a reachable peer is for others; started when it is known to be one, within {@link RelayLimits}. */
import {
  type CircuitRelayServerComponents,
  type CircuitRelayService,
  circuitRelayServer,
} from '@libp2p/circuit-relay-v2'
import { type PeerId, start, stop } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { HOP_TIMEOUT_MS, RESERVATION_MS } from './constants.ts'
import { CircuitDoor, mayReserve } from './relay-gate.ts'
import type { RelayLimits } from './types.ts'

export class RelayServer {
  readonly #components: CircuitRelayServerComponents
  readonly #limits: RelayLimits
  readonly #door: CircuitDoor
  readonly #server: CircuitRelayService
  #isServing = false

  constructor(components: CircuitRelayServerComponents, limits: RelayLimits, nowMs: () => number) {
    this.#components = components
    this.#limits = limits
    this.#door = new CircuitDoor(limits, nowMs)
    this.#server = circuitRelayServer({
      hopTimeout: HOP_TIMEOUT_MS,
      // One more: the stream that is refused must be read before it can be told so.
      maxInboundHopStreams: limits.circuitsPerPeer + 1,
      maxOutboundStopStreams: limits.circuitsPerPeer + 1,
      reservations: {
        maxReservations: limits.reservations,
        reservationTtl: RESERVATION_MS,
        defaultDataLimit: BigInt(limits.circuitBytes),
        // Milliseconds, although the specification counts seconds: the package takes this number for its timer.
        defaultDurationLimit: limits.circuitMs,
      },
    })(components)
  }

  get isServing(): boolean {
    return this.#isServing
  }

  async start(): Promise<void> {
    if (this.#isServing) return
    this.#isServing = true
    await start(this.#server)
  }

  async stop(): Promise<void> {
    if (!this.#isServing) return
    this.#isServing = false
    await stop(this.#server)
  }

  /** A peer is gone, and with it the connection that its place was good for. */
  forget(peer: PeerId): void {
    this.#server.reservations.delete(peer)
  }

  mayReserve(holder: PeerId): boolean {
    const asking = this.#components.connectionManager.getConnections(holder)[0]?.remoteAddr
    const reservations = new Map<PeerName, Multiaddr>()
    for (const [peer, { addr }] of this.#server.reservations) reservations.set(peer.toString(), addr)
    return mayReserve(holder.toString(), asking, reservations, this.#limits)
  }

  mayConnect(source: PeerId, destination: PeerId): boolean {
    const connections = this.#components.connectionManager.getConnections()
    return this.#door.mayConnect(source.toString(), destination.toString(), connections)
  }
}
