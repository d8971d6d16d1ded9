/** Who may connect: denied peers, and how many connections a peer and an address may hold. */
import type { Connection, ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { CONNECTIONS_PER_PEER_MAX, DENIED_MAX } from './constants.ts'

export interface GaterInit {
  /** Open connections a host, see {@link hostOf}. */
  readonly perAddress: number
  /** All open connections, or one peer's; called late, libp2p exists by then. */
  readonly connections: (peer?: PeerId) => readonly Pick<Connection, 'remoteAddr'>[]
}

/** What a relay lets through; null where this peer is none. */
export interface RelayDoor {
  mayReserve(holder: PeerId): boolean
  mayConnect(source: PeerId, destination: PeerId): boolean
}

/**
 * The IPv4 address, or the first 64 bits of an IPv6 address: the smallest block that one subscriber gets, so that nobody has
 * 2^64 addresses to connect from. Null where the address names no IP, or only that of a relay.
 */
export function hostOf(address: Multiaddr): string | null {
  if (address.getComponents().some(component => component.name === 'p2p-circuit')) return null
  for (const { name, value } of address.getComponents()) {
    if (value === undefined) continue
    if (name === 'ip4') return value
    if (name === 'ip6') return prefix64(value)
  }
  return null
}

function prefix64(address: string): string {
  const mapped = address.match(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = address.toLowerCase().split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

export class Gater implements ConnectionGater {
  readonly #denied = new Map<PeerName, string>()
  readonly #init: GaterInit
  relay: RelayDoor | null = null

  constructor(init: GaterInit) {
    this.#init = init
  }

  deny(peer: PeerName, reason: string): void {
    this.#denied.delete(peer)
    this.#denied.set(peer, reason)
    for (const oldest of this.#denied.keys()) {
      if (this.#denied.size <= DENIED_MAX) break
      this.#denied.delete(oldest)
    }
  }

  allow(peer: PeerName): void {
    this.#denied.delete(peer)
  }

  denied(): ReadonlyMap<PeerName, string> {
    return this.#denied
  }

  denyDialPeer = (peer: PeerId): boolean => this.#denied.has(peer.toString())

  denyInboundConnection = (connection: Pick<MultiaddrConnection, 'remoteAddr'>): boolean => {
    const host = hostOf(connection.remoteAddr)
    if (host === null) return false
    const open = this.#init.connections().filter(other => hostOf(other.remoteAddr) === host)
    return open.length >= this.#init.perAddress
  }

  denyInboundEncryptedConnection = (peer: PeerId): boolean => this.#denied.has(peer.toString())

  denyOutboundEncryptedConnection = (peer: PeerId): boolean => this.#denied.has(peer.toString())

  denyInboundUpgradedConnection = (peer: PeerId): boolean =>
    this.#init.connections(peer).length >= CONNECTIONS_PER_PEER_MAX

  denyInboundRelayReservation = (holder: PeerId): boolean =>
    this.#denied.has(holder.toString()) || this.relay?.mayReserve(holder) !== true

  denyOutboundRelayedConnection = (source: PeerId, destination: PeerId): boolean =>
    this.#denied.has(source.toString()) || this.relay?.mayConnect(source, destination) !== true

  denyInboundRelayedConnection = (_relay: PeerId, remote: PeerId): boolean => this.#denied.has(remote.toString())

  /** libp2p's default in browsers denies private addresses; in Node everything may be dialled. */
  denyDialMultiaddr = (): boolean => false
}
