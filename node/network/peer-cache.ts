/**
 * libp2p's peer store takes a lock and decodes a peer's record for every look at it, and writes it anew for every stream that
 * is opened; kad-dht looks at all peers for every answer. A decoded peer is kept until somebody writes it, and what says
 * nothing new is not written; what is found is the same.
 */
import type { Peer, PeerData, PeerId, PeerStore, TagOptions } from '@libp2p/interface'
import { CACHED_PEERS_MAX } from './constants.ts'

/** Replaces methods of the store, so that libp2p's own parts gain too. */
export function cachePeers(store: PeerStore): void {
  const known = new Map<string, Peer>()
  const { get, has, delete: remove, save, patch, merge } = store
  /** Counts writes: what was read before one is not kept after it. */
  let writes = 0
  const keep = (name: string, peer: Peer): void => {
    if (known.size >= CACHED_PEERS_MAX) known.clear()
    known.set(name, peer)
  }
  const forget = (id: PeerId): void => {
    writes++
    known.delete(id.toString())
  }
  /** The store lets one write of a peer follow the other, so the last to end is the last that was made. */
  const writing = async (id: PeerId, write: () => Promise<Peer>): Promise<Peer> => {
    forget(id)
    const peer = await write()
    writes++
    keep(id.toString(), peer)
    return peer
  }
  store.get = async (id, options) => {
    const name = id.toString()
    const found = known.get(name)
    if (found !== undefined) return found
    const before = writes
    const peer = await get.call(store, id, options)
    if (before === writes) keep(name, peer)
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

/** Only addresses, protocols and lasting tags, all of them known. */
function saysNothingNew(peer: Peer, data: PeerData): boolean {
  const { multiaddrs = [], protocols = [], tags = {}, ...rest } = data
  if (Object.values(rest).some(value => value !== undefined)) return false
  return (
    multiaddrs.every(address => peer.addresses.some(known => known.multiaddr.equals(address))) &&
    protocols.every(protocol => peer.protocols.includes(protocol)) &&
    tagsOf(tags).every(([name, tag]) => isTagged(peer, name, tag))
  )
}

function tagsOf(tags: NonNullable<PeerData['tags']>): [string, TagOptions | undefined][] {
  return tags instanceof Map ? [...tags] : Object.entries(tags)
}

/** Undefined takes the tag away; one that expires is always written. */
function isTagged(peer: Peer, name: string, tag: TagOptions | undefined): boolean {
  const known = peer.tags.get(name)
  if (tag === undefined) return known === undefined
  return known !== undefined && tag.ttl === undefined && known.value === (tag.value ?? 0) && !('expiry' in known)
}
