/**
 * libp2p's peer store takes a lock and decodes a peer's record for every look at it, and kad-dht looks at all peers for every
 * answer: a third of what a simulation cost. A decoded peer is kept until somebody writes it; what is found is the same.
 */
import type { Peer, PeerData, PeerId, PeerStore } from '@libp2p/interface'

export function cachePeers(store: PeerStore): void {
  const known = new Map<string, Peer>()
  const { get, has, delete: remove, save, patch, merge } = store
  /** Counts writes: what was read before one is not kept after it. */
  let writes = 0
  const forget = (id: PeerId): void => {
    writes++
    known.delete(id.toString())
  }
  /** The store lets one write of a peer follow the other, so the last to end is the last that was made. */
  const writing = async (id: PeerId, write: () => Promise<Peer>): Promise<Peer> => {
    forget(id)
    const peer = await write()
    writes++
    known.set(id.toString(), peer)
    return peer
  }
  store.get = async (id, options) => {
    const name = id.toString()
    const found = known.get(name)
    if (found !== undefined) return found
    const before = writes
    const peer = await get.call(store, id, options)
    if (before === writes) known.set(name, peer)
    return peer
  }
  store.has = async (id, options) => known.has(id.toString()) || has.call(store, id, options)
  store.delete = async (id, options) => {
    await remove.call(store, id, options)
    forget(id)
  }
  store.save = (id, data, options) => writing(id, () => save.call(store, id, data, options))
  store.patch = (id, data, options) => writing(id, () => patch.call(store, id, data, options))
  store.merge = async (id, data, options) => {
    const found = known.get(id.toString())
    if (found !== undefined && saysNothingNew(found, data)) return found
    return writing(id, () => merge.call(store, id, data, options))
  }
}

/** Only addresses, all of them known. */
function saysNothingNew(peer: Peer, data: PeerData): boolean {
  const { multiaddrs, ...rest } = data
  if (multiaddrs === undefined || Object.values(rest).some(value => value !== undefined)) return false
  return multiaddrs.every(address => peer.addresses.some(known => known.multiaddr.equals(address)))
}
