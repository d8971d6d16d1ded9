/**
 * The connection manager as protocols see it: a peer that is connected over a relay is connected. libp2p's own would dial it
 * anew for each stream, its unreachable addresses first. Replacing the relay is the business of `DirectSeeker`.
 */
import { isPeerId, type Stream } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Dials } from '../types.ts'
import { isRelayed } from './addresses.ts'

export function relayedDials(connections: ConnectionManager): Dials {
  const openConnection: Dials['openConnection'] = async (target, options) => {
    if (!isPeerId(target)) return await connections.openConnection(target, options)
    const open = connections.getConnections(target).filter(connection => connection.status === 'open')
    const isOnlyRelayed = open.every(connection => isRelayed(connection.remoteAddr))
    return (isOnlyRelayed ? open[0] : undefined) ?? (await connections.openConnection(target, options))
  }
  return {
    getConnections: peer => connections.getConnections(peer),
    openConnection,
    openStream: async (target, protocol, options): Promise<Stream> =>
      (await openConnection(target, options)).newStream(protocol, options),
    closeConnections: (peer, options) => connections.closeConnections(peer, options),
  }
}
