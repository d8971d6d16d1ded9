/** Whom a relay gives a place, and which circuits it lets through: what @libp2p/circuit-relay-v2 does not bound by itself. */
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { hostOf } from '../gater.ts'
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

/** The stream that asks is open already, so it counts itself. */
export function mayConnect(
  source: PeerName,
  destination: PeerName,
  connections: readonly RelayedStreams[],
  { circuits, circuitsPerPeer }: Pick<RelayLimits, 'circuits' | 'circuitsPerPeer'>,
): boolean {
  const asked = countStreams(connections, HOP_PROTOCOL)
  const led = countStreams(connections, STOP_PROTOCOL)
  return (
    sum(asked) <= circuits &&
    (asked.get(source) ?? 0) + (led.get(source) ?? 0) <= circuitsPerPeer &&
    (asked.get(destination) ?? 0) + (led.get(destination) ?? 0) < circuitsPerPeer
  )
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
