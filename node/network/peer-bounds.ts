/**
 * Bounds the addresses that the address book holds of one peer. libp2p adds all that anybody says of a peer, and each look, answer and
 * write takes longer with each: a stranger that names new ones of itself would have a peer do nothing else.
 */
import type { Address, PeerData, PeerId, PeerStore } from '@libp2p/interface'
import { PEER_ADDRESSES_MAX } from './constants.ts'

/** Replaces methods of the store. Of a peer that says itself what its addresses are, the first count; what is known goes before hearsay. */
export function boundAddresses(store: PeerStore): void {
  const { save, patch, merge } = store
  /** Addresses that are being added, by peer. */
  const adding = new Map<string, number>()
  const add = (name: string, addresses: number): void => {
    const sum = (adding.get(name) ?? 0) + addresses
    if (sum === 0) adding.delete(name)
    else adding.set(name, sum)
  }
  store.save = (id, data, options) => save.call(store, id, cut(data), options)
  store.patch = (id, data, options) => patch.call(store, id, cut(data), options)
  store.merge = async (id, data, options) => {
    const { multiaddrs = [], ...rest } = cut(data)
    if (multiaddrs.length === 0) return merge.call(store, id, cut(data), options)
    const name = id.toString()
    const known = await addressesOf(store, id)
    const fresh = multiaddrs.filter(address => !known.some(({ multiaddr }) => multiaddr.equals(address)))
    const room = PEER_ADDRESSES_MAX - known.length - (adding.get(name) ?? 0)
    const taken = fresh.slice(0, Math.max(0, room))
    add(name, taken.length)
    try {
      return await merge.call(store, id, { ...rest, multiaddrs: taken }, options)
    } finally {
      add(name, -taken.length)
    }
  }
}

async function addressesOf(store: PeerStore, id: PeerId): Promise<readonly Address[]> {
  try {
    return (await store.get(id)).addresses
  } catch (error) {
    // Nothing is known of it yet.
    if (error instanceof Error && error.name === 'NotFoundError') return []
    throw error
  }
}

function cut(data: PeerData): PeerData {
  const { multiaddrs, addresses } = data
  return {
    ...data,
    ...(multiaddrs === undefined ? {} : { multiaddrs: multiaddrs.slice(0, PEER_ADDRESSES_MAX) }),
    ...(addresses === undefined ? {} : { addresses: addresses.slice(0, PEER_ADDRESSES_MAX) }),
  }
}
