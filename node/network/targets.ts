/** Whom the bootstrapper dials: the addresses of the configuration, and the peers of the address book. */
import type { Connection, PeerId } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Target } from './bootstrapper.ts'
import { BadAddress } from './errors.ts'

type Connections = Pick<ConnectionManager, 'getConnections' | 'openConnection'>

/** Throws {@link BadAddress}. */
export function parseAddress(address: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch (error) {
    throw new BadAddress(address, error)
  }
}

/** The peer at the end of an address, in text form, or null where it names none. */
export function peerOf(address: Multiaddr): string | null {
  return address.getComponents().findLast(component => component.name === 'p2p')?.value ?? null
}

/** An address of the configuration. Without `/p2p` the first connection shows who answers there. */
export function addressTarget(address: string, self: PeerId, connections: Connections): Target {
  const parsed = parseAddress(address)
  let peer = peerOf(parsed)
  const isConnected = (name: string): boolean =>
    connections.getConnections().some(connection => connection.remotePeer.toString() === name)
  return {
    key: address,
    // A list of bootstrap peers that is given to all peers names each of them too.
    connected: () => peer !== null && (peer === self.toString() || isConnected(peer)),
    dial: async signal => {
      const connection: Connection = await connections.openConnection(parsed, { signal })
      peer = connection.remotePeer.toString()
      if (connection.remotePeer.equals(self)) await connection.close({ signal })
    },
  }
}

/** A peer of the address book. */
export function peerTarget(peer: PeerId, connections: Connections): Target {
  return {
    key: peer.toString(),
    connected: () => connections.getConnections(peer).length > 0,
    dial: async signal => {
      await connections.openConnection(peer, { signal })
    },
  }
}
