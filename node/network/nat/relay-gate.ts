/** Whom a relay gives a place, and which circuits it lets through: what @libp2p/circuit-relay-v2 does not bound by itself. */
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { hostOf } from '../gater.ts'
import { HOP_TIMEOUT_MS } from './constants.ts'
import type { RelayLimits } from './types.ts'

/** Protocol of asking a relay; a stream of it stays open for as long as the circuit that it asked for. */
export const HOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/hop'
const STOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/stop'

export type RelayedStreams = Pick<Connection, 'remotePeer' | 'remoteAddr' | 'streams'>

/** @param reservations - address from which each holder of a place asked for it */
export function mayReserve(
  holder: PeerName,
  asking: Multiaddr | undefined,
  reservations: ReadonlyMap<PeerName, Multiaddr>,
  { reservationsPerHost }: Pick<RelayLimits, 'reservationsPerHost'>,
): boolean {
  const host = asking === undefined ? null : hostOf(asking)
  if (host === null) return false
  const others = [...reservations].filter(([peer, address]) => peer !== holder && hostOf(address) === host)
  return others.length < reservationsPerHost
}

interface Admitted {
  readonly destination: PeerName
  /** Circuits that lead to it once this one does. */
  readonly led: number
  readonly untilMs: number
}

/** Lets circuits through, as far as the open streams and those just let through say that there is room. */
export class CircuitDoor {
  readonly #limits: Pick<RelayLimits, 'circuits' | 'circuitsPerPeer'>
  readonly #nowMs: () => number
  /** The stream to the destination opens a moment after the circuit was let through; a second one must not slip in meanwhile. */
  #admitted: readonly Admitted[] = []

  constructor(limits: Pick<RelayLimits, 'circuits' | 'circuitsPerPeer'>, nowMs: () => number) {
    this.#limits = limits
    this.#nowMs = nowMs
  }

  /** The stream that asks is open already, so it counts itself. */
  mayConnect(source: PeerName, destination: PeerName, connections: readonly RelayedStreams[]): boolean {
    const nowMs = this.#nowMs()
    this.#admitted = this.#admitted.filter(({ untilMs }) => untilMs > nowMs)
    const { circuits, circuitsPerPeer } = this.#limits
    const asked = countStreams(connections, HOP_PROTOCOL)
    const open = countStreams(connections, STOP_PROTOCOL)
    const led = (peer: PeerName): number =>
      Math.max(open.get(peer) ?? 0, ...this.#admitted.filter(one => one.destination === peer).map(one => one.led))
    const isAdmitted =
      sum(asked) <= circuits &&
      (asked.get(source) ?? 0) + led(source) <= circuitsPerPeer &&
      (asked.get(destination) ?? 0) + led(destination) < circuitsPerPeer
    if (isAdmitted)
      this.#admitted = [...this.#admitted, { destination, led: led(destination) + 1, untilMs: nowMs + HOP_TIMEOUT_MS }]
    return isAdmitted
  }
}

function countStreams(connections: readonly RelayedStreams[], protocol: string): ReadonlyMap<PeerName, number> {
  const counts = new Map<PeerName, number>()
  for (const { remotePeer, streams } of connections) {
    const peer = remotePeer.toString()
    const open = streams.filter(stream => stream.protocol === protocol && stream.status === 'open').length
    counts.set(peer, (counts.get(peer) ?? 0) + open)
  }
  return counts
}

function sum(counts: ReadonlyMap<PeerName, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0)
}
