/**
 * Who may connect: denied peers, how many connections a peer may hold, and how many an address, of peers without a place. Those with one
 * are as many as they are, behind one address too: a laboratory or a provider has a single one for all its machines.
 */
import type { Connection, ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { CONNECTIONS_PER_PEER_MAX, CROWD_STAYS_MS, DENIED_MAX } from './constants.ts'
import { Crowd } from './crowd.ts'
import type { Pace } from './pace.ts'

export interface GaterInit {
  /** Inbound connections of peers without a place, a host, see {@link hostOf}. */
  readonly perAddress: number
  /** One peer's open connections; called late, libp2p exists by then. */
  readonly connections: (peer: PeerId) => readonly Pick<Connection, 'remoteAddr'>[]
  /** Inbound connections that are still being secured. */
  readonly pending: number
  /** Inbound connections of peers without a place. */
  readonly strangers: number
  readonly hasPlace: (peer: PeerName) => boolean
  readonly nowMs: () => number
  readonly pace: Pick<Pace, 'watch' | 'name'>
}

/** What is used of a connection below its encryption. */
export type Caller = Pick<MultiaddrConnection, 'remoteAddr' | 'abort' | 'addEventListener'>

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
  readonly #pending: Crowd<Caller>
  readonly #strangers: Crowd<Caller>
  /** Of strangers. */
  readonly #names = new WeakMap<Caller, PeerName>()
  relay: RelayDoor | null = null

  constructor(init: GaterInit) {
    this.#init = init
    const { nowMs } = init
    this.#pending = new Crowd({ max: init.pending, staysMs: CROWD_STAYS_MS, nowMs })
    this.#strangers = new Crowd({ max: init.strangers, staysMs: CROWD_STAYS_MS, nowMs })
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

  /** First of all that is asked of an inbound connection. */
  denyInboundConnection = (connection: Caller): boolean => {
    this.#init.pace.watch(connection)
    return !this.#admit(this.#pending, connection)
  }

  denyOutboundConnection = (_peer: PeerId, connection: object): boolean => {
    this.#init.pace.watch(connection)
    return false
  }

  denyInboundEncryptedConnection = (peer: PeerId, connection: Caller): boolean => {
    const name = peer.toString()
    if (this.#denied.has(name)) return true
    this.#init.pace.name(connection, peer)
    return !this.#init.hasPlace(name) && !this.#admitStranger(name, connection)
  }

  denyOutboundEncryptedConnection = (peer: PeerId, connection: object): boolean => {
    this.#init.pace.name(connection, peer)
    return this.#denied.has(peer.toString())
  }

  denyInboundUpgradedConnection = (peer: PeerId, connection: Caller): boolean => {
    this.#pending.remove(connection)
    return this.#init.connections(peer).length >= CONNECTIONS_PER_PEER_MAX
  }

  denyInboundRelayReservation = (holder: PeerId): boolean =>
    this.#denied.has(holder.toString()) || this.relay?.mayReserve(holder) !== true

  denyOutboundRelayedConnection = (source: PeerId, destination: PeerId): boolean =>
    this.#denied.has(source.toString()) || this.relay?.mayConnect(source, destination) !== true

  denyInboundRelayedConnection = (_relay: PeerId, remote: PeerId): boolean => this.#denied.has(remote.toString())

  /** libp2p's default in browsers denies private addresses; in Node everything may be dialled. */
  denyDialMultiaddr = (): boolean => false

  #admitStranger(name: PeerName, connection: Caller): boolean {
    const host = hostOf(connection.remoteAddr)
    const isFull = (): boolean => host !== null && this.#strangers.countOf(host) >= this.#init.perAddress
    if (isFull() || this.#strangers.size >= this.#init.strangers) this.#leaveOutPlaced()
    if (isFull()) return false
    this.#names.set(connection, name)
    return this.#admit(this.#strangers, connection)
  }

  /** Who was given a place since it came is none of the strangers any more, and makes no room for them. */
  #leaveOutPlaced(): void {
    for (const member of [...this.#strangers.members()]) {
      const name = this.#names.get(member)
      if (name !== undefined && this.#init.hasPlace(name)) this.#strangers.remove(member)
    }
  }

  #admit(crowd: Crowd<Caller>, connection: Caller): boolean {
    const leaving = crowd.add(connection, hostOf(connection.remoteAddr) ?? RELAYED)
    if (leaving === connection) return false
    connection.addEventListener('close', () => crowd.remove(connection))
    leaving?.abort(new Error('room for others'))
    return true
  }
}

/** Connections without a host of their own count as of one. */
const RELAYED = 'relayed'
