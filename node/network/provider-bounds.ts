/**
 * Bounds what others can have the DHT keep as provider records: kad-dht writes whatever a peer says that it provides to the disk, for two
 * days. A peer of a swarm provides the few stages that it holds.
 */
import type { PeerId } from '@libp2p/interface'
import { PROVIDED_BY_PEER_MAX, PROVIDER_RECORDS_MAX } from './constants.ts'

/** What is used of a content id. */
interface Key {
  toString(): string
}

/** What is used of kad-dht's provider records; its declarations do not name them. */
interface Providers<K extends Key> {
  addProvider(key: K, peer: PeerId, options?: object): Promise<void>
  removeProvider(key: K, peer: PeerId, options?: object): Promise<void>
}

/**
 * @param dht - libp2p's service; one without such records stays as it is
 * @param self - may provide what it likes
 */
export function boundProviders(dht: object, self: PeerId): void {
  const providers = providersOf(dht)
  if (providers === null) return
  /** In the order in which they came first, or again. */
  const kept = new Map<string, { readonly key: Key; readonly peer: PeerId }>()
  const counts = new Map<string, number>()
  const count = (peer: PeerId, records: number): void => {
    const name = peer.toString()
    const sum = (counts.get(name) ?? 0) + records
    if (sum === 0) counts.delete(name)
    else counts.set(name, sum)
  }
  const add = providers.addProvider.bind(providers)
  providers.addProvider = async (key, peer, options) => {
    if (peer.equals(self)) return add(key, peer, options)
    const name = `${peer}/${key}`
    const isKnown = kept.delete(name)
    if (!isKnown) {
      if ((counts.get(peer.toString()) ?? 0) >= PROVIDED_BY_PEER_MAX) return
      count(peer, 1)
    }
    kept.set(name, { key, peer })
    await add(key, peer, options)
    for (const [oldest, record] of kept) {
      if (kept.size <= PROVIDER_RECORDS_MAX) break
      kept.delete(oldest)
      count(record.peer, -1)
      await providers.removeProvider(record.key, record.peer)
    }
  }
}

function providersOf(dht: object): Providers<Key> | null {
  const providers: unknown = 'providers' in dht ? dht.providers : null
  return isProviders(providers) ? providers : null
}

function isProviders(value: unknown): value is Providers<Key> {
  return typeof value === 'object' && value !== null && 'addProvider' in value && 'removeProvider' in value
}
