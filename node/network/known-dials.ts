/**
 * The connection manager as protocols see it: a peer is dialled by its name only where it is connected or an address of it is
 * known. libp2p itself would search the DHT, which a peer that knows nobody waits for without end; and a dial of the same peer
 * by an address would join it there, so that two siblings, one the other's only bootstrap address, never met.
 */
import { isPeerId, type PeerId, type Stream } from '@libp2p/interface'
import { UnknownAddress } from '../../protocols/wire/frames/errors.ts'
import type { Dials, NetworkComponents } from './types.ts'

export function knownDials(dials: Dials, peerStore: Pick<NetworkComponents['peerStore'], 'get'>): Dials {
  const isKnown = async (peer: PeerId): Promise<boolean> => {
    if (dials.getConnections(peer).length > 0) return true
    const stored = await peerStore.get(peer).catch(() => null)
    return stored !== null && stored.addresses.length > 0
  }
  const openConnection: Dials['openConnection'] = async (target, options) => {
    if (isPeerId(target) && !(await isKnown(target))) throw new UnknownAddress(target.toString())
    return await dials.openConnection(target, options)
  }
  return {
    getConnections: peer => dials.getConnections(peer),
    openConnection,
    openStream: async (target, protocol, options): Promise<Stream> =>
      (await openConnection(target, options)).newStream(protocol, options),
    closeConnections: (peer, options) => dials.closeConnections(peer, options),
  }
}
