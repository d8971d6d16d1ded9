/** Finds out how this peer is reached, says so, and acts on it: serves as a relay, or holds places at relays. */

import type { CircuitRelayServerComponents } from '@libp2p/circuit-relay-v2'
import type { Libp2pEvents, PeerId, PeerStore, PrivateKey, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager, ConnectionManager, TransportManager } from '@libp2p/interface-internal'
import type { KadDHT } from '@libp2p/kad-dht'
import type { CancelTimer, Clock, Random } from '../../../protocols/wire/environment.ts'
import { isNearby, isRelayed, pathOf } from './addresses.ts'
import { VERDICT_GRACE_MS, VERDICT_HOLD_MS, VERDICT_SETTLE_MS } from './constants.ts'
import { DirectSeeker } from './direct-seeker.ts'
import { isWeaker, judgeReachability, type ReachabilityFacts } from './reachability.ts'
import { RelaySeeker, relaysOf } from './relay-seeker.ts'
import { RelayServer } from './relay-server.ts'
import type { NatInit, Reachability } from './types.ts'

/** What is used of libp2p's inside. */
export interface NatComponents extends CircuitRelayServerComponents {
  readonly peerId: PeerId
  readonly privateKey: PrivateKey
  readonly connectionManager: ConnectionManager
  readonly transportManager: TransportManager
  readonly addressManager: AddressManager
  readonly peerStore: PeerStore
  readonly events: TypedEventTarget<Libp2pEvents>
  readonly dht: KadDHT
}

export interface NatEnvironment {
  readonly clock: Clock
  readonly random: Random
  readonly onReachability: (reachability: Reachability) => void
  readonly onWarning: (message: string) => void
}

/** After these a verdict may have changed. */
const NEWS = [
  'connection:open',
  'connection:close',
  'peer:identify',
  'self:peer:update',
  'transport:listening',
] as const

export class Nat {
  readonly relay: RelayServer
  readonly #init: NatInit
  readonly #components: NatComponents
  readonly #environment: NatEnvironment
  readonly #relaySeeker: RelaySeeker
  readonly #directSeeker: DirectSeeker
  readonly #startedMs: number
  #verdict: Reachability | null = null
  /** When the verdict was last borne out by the facts. */
  #supportedMs = 0
  #timer: CancelTimer | null = null
  #isStopped = false

  constructor(init: NatInit, components: NatComponents, environment: NatEnvironment) {
    this.#init = init
    this.#components = components
    this.#environment = environment
    const { clock, random, onWarning } = environment
    this.#startedMs = clock.nowMs()
    this.relay = new RelayServer(components, init.relayLimits, () => clock.nowMs())
    this.#relaySeeker = new RelaySeeker({
      ...components,
      clock,
      random,
      onFailed: (relay, reason) => onWarning(`relay ${relay} gives no place: ${reason}`),
    })
    this.#directSeeker = new DirectSeeker({ ...components, clock })
  }

  start(): void {
    const { events } = this.#components
    for (const name of NEWS) events.addEventListener(name, this.#onNews)
    events.addEventListener('peer:disconnect', this.#onGone)
    this.#judge()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    const { events } = this.#components
    for (const name of NEWS) events.removeEventListener(name, this.#onNews)
    events.removeEventListener('peer:disconnect', this.#onGone)
    this.#timer?.()
    this.#relaySeeker.stop()
    this.#directSeeker.stop()
    await this.relay.stop()
  }

  /** Null until it is known. */
  reachability(): Reachability | null {
    return this.#verdict
  }

  readonly #onNews = (): void => {
    this.#directSeeker.wake()
    this.#relaySeeker.wake()
    this.#judgeIn(VERDICT_SETTLE_MS)
  }

  readonly #onGone = (event: CustomEvent<PeerId>): void => this.relay.forget(event.detail)

  #judgeIn(delayMs: number): void {
    if (this.#isStopped) return
    this.#timer?.()
    this.#timer = this.#environment.clock.after(delayMs, () => this.#judge())
  }

  #judge(): void {
    const nowMs = this.#environment.clock.nowMs()
    const found = judgeReachability(this.#facts())
    const waitMs = this.#waitFor(found, nowMs)
    if (waitMs > 0) {
      this.#judgeIn(waitMs)
      return
    }
    this.#supportedMs = nowMs
    const isNews = found.state !== this.#verdict?.state || found.via !== this.#verdict.via
    this.#verdict = found
    if (isNews) this.#environment.onReachability(found)
    this.#act(found).catch((error: Error) => this.#environment.onWarning(`reachability: ${error.message}`))
  }

  /** Milliseconds until such a verdict may be given; 0: now. */
  #waitFor(found: Reachability, nowMs: number): number {
    if (this.#verdict === null)
      return found.state === 'public' ? 0 : Math.max(0, this.#startedMs + this.#graceMs() - nowMs)
    return isWeaker(found, this.#verdict) ? Math.max(0, this.#supportedMs + VERDICT_HOLD_MS - nowMs) : 0
  }

  /** A peer that listens on no address of its own need not wait to learn that it cannot be dialled. */
  #graceMs(): number {
    return this.#components.transportManager.getAddrs().some(address => !isRelayed(address)) ? VERDICT_GRACE_MS : 0
  }

  #facts(): ReachabilityFacts {
    const { connectionManager, transportManager } = this.#components
    const direct = connectionManager
      .getConnections()
      .filter(({ status, remoteAddr }) => status === 'open' && !isRelayed(remoteAddr))
      .map(({ direction, remoteAddr }) => ({ direction, path: pathOf(remoteAddr, isNearby) }))
    const inbound = direct.filter(({ direction }) => direction === 'inbound')
    return {
      confirmed: this.#confirmed(),
      inbound: {
        public: inbound.filter(({ path }) => path === 'public').length,
        near: inbound.filter(({ path }) => path === 'near' || path === 'far').length,
      },
      publicPeers: direct.filter(({ path }) => path === 'public').length,
      relays: relaysOf(transportManager.getAddrs()),
    }
  }

  #confirmed(): string | null {
    const own = this.#components.addressManager
      .getAddressesWithMetadata()
      .filter(({ multiaddr }) => !isRelayed(multiaddr))
    const isProven = ({ verified, type, multiaddr }: (typeof own)[number]): boolean =>
      verified && (type === 'announce' || pathOf(multiaddr, isNearby) === 'public')
    // Who serves without waiting for a proof says that it is reachable.
    const found = own.find(isProven) ?? (this.#init.relay === 'serve' ? own[0] : undefined)
    return found?.multiaddr.toString() ?? null
  }

  async #act({ state }: Reachability): Promise<void> {
    const { relay } = this.#init
    const isPublic = state === 'public'
    // A peer that others cannot dial would only make their searches slow.
    await this.#components.dht.setMode(isPublic ? 'server' : 'client')
    if (relay === 'off') return
    if (isPublic) return await this.relay.start()
    await this.relay.stop()
    if (relay === 'auto') await this.#relaySeeker.start()
  }
}
