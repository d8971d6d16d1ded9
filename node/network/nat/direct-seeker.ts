/**
 * Replaces relays: dials each peer that is connected over a relay at its direct addresses, with back-off, and closes the
 * relayed connection once a direct one is there. DCUtR does so only where both have public addresses; of two peers in one
 * network, or a peer behind a router and one before it, one always reaches the other.
 */
import type { Connection, PeerId, PeerStore } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'
import { forEachParallel } from '../../../protocols/discovery/deadline.ts'
import { Loop } from '../../../protocols/discovery/loop.ts'
import type { CancelTimer, Clock } from '../../../protocols/wire/environment.ts'
import { startDeadline } from '../../../protocols/wire/frames/deadline.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { comparePaths, isRelayed } from './addresses.ts'
import { DIRECT_FIRST_MS, DIRECT_MAX_MS, DIRECT_PARALLEL, DIRECT_TIMEOUT_MS, REPLACED_AFTER_MS } from './constants.ts'

export interface DirectSeekerInit {
  readonly clock: Clock
  readonly connectionManager: Pick<ConnectionManager, 'getConnections' | 'openConnection'>
  readonly peerStore: Pick<PeerStore, 'get'>
}

interface Attempt {
  failures: number
  dueMs: number
}

export class DirectSeeker {
  readonly #init: DirectSeekerInit
  readonly #attempts = new Map<PeerName, Attempt>()
  readonly #closing = new Set<CancelTimer>()
  readonly #replaced = new WeakSet<Connection>()
  readonly #abort = new AbortController()
  readonly #loop: Loop

  constructor(init: DirectSeekerInit) {
    this.#init = init
    this.#loop = new Loop(init.clock, () => this.#pass())
  }

  /** Looks at once: a connection opened or closed. */
  wake(): void {
    this.#loop.wake()
  }

  stop(): void {
    this.#abort.abort()
    this.#loop.stop()
    for (const cancel of this.#closing) cancel()
  }

  async #pass(): Promise<number> {
    const relayed = this.#relayedOnly()
    for (const peer of this.#attempts.keys()) if (!relayed.has(peer)) this.#attempts.delete(peer)
    const nowMs = this.#init.clock.nowMs()
    for (const peer of relayed.keys())
      if (!this.#attempts.has(peer)) this.#attempts.set(peer, { failures: 0, dueMs: nowMs + DIRECT_FIRST_MS })
    const due = [...relayed].filter(([peer]) => (this.#attempts.get(peer)?.dueMs ?? nowMs) <= nowMs)
    await forEachParallel(due, DIRECT_PARALLEL, ([peer, id]) => this.#dial(peer, id))
    const waits = [...this.#attempts.values()].map(({ dueMs }) => dueMs - this.#init.clock.nowMs())
    return Math.max(0, Math.min(DIRECT_MAX_MS, ...waits))
  }

  /** Peers without a direct connection. Those that have both lose the relayed one. */
  #relayedOnly(): ReadonlyMap<PeerName, PeerId> {
    const direct = new Set<PeerName>()
    const relayed = new Map<PeerName, Connection[]>()
    for (const connection of this.#init.connectionManager.getConnections()) {
      if (connection.status !== 'open') continue
      const peer = connection.remotePeer.toString()
      if (isRelayed(connection.remoteAddr)) relayed.set(peer, [...(relayed.get(peer) ?? []), connection])
      else direct.add(peer)
    }
    const only = new Map<PeerName, PeerId>()
    for (const [peer, connections] of relayed) {
      if (direct.has(peer)) for (const connection of connections) this.#replace(connection)
      else if (connections[0] !== undefined) only.set(peer, connections[0].remotePeer)
    }
    return only
  }

  async #dial(peer: PeerName, id: PeerId): Promise<void> {
    const { clock, connectionManager } = this.#init
    const deadline = startDeadline(clock, DIRECT_TIMEOUT_MS, this.#abort.signal)
    try {
      const addresses = await this.#directAddresses(id)
      if (addresses.length === 0) throw new Error('no direct address is known')
      const sorted = addresses.toSorted((left, right) => comparePaths(left, right))
      await connectionManager.openConnection(sorted, { signal: deadline.signal, force: true })
      this.wake()
    } catch {
      // It stays on its relay; how often a peer is tried is all that a failure changes.
      const failures = (this.#attempts.get(peer)?.failures ?? 0) + 1
      const waitMs = Math.min(DIRECT_MAX_MS, DIRECT_FIRST_MS * 2 ** Math.min(failures, 16))
      this.#attempts.set(peer, { failures, dueMs: clock.nowMs() + waitMs })
    } finally {
      deadline.clear()
    }
  }

  async #directAddresses(id: PeerId): Promise<readonly Multiaddr[]> {
    const { addresses } = await this.#init.peerStore.get(id)
    return addresses
      .map(({ multiaddr }) => multiaddr)
      .filter(address => !isRelayed(address))
      .map(address =>
        address.getComponents().some(({ name }) => name === 'p2p') ? address : address.encapsulate(`/p2p/${id}`),
      )
  }

  #replace(connection: Connection): void {
    if (this.#replaced.has(connection)) return
    this.#replaced.add(connection)
    const cancel = this.#init.clock.after(REPLACED_AFTER_MS, () => {
      this.#closing.delete(cancel)
      connection.close().catch((error: Error) => connection.abort(error))
    })
    this.#closing.add(cancel)
  }
}
