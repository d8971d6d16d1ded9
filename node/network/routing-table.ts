/**
 * kad-dht, calmer. It tries to add every peer of every answer to its routing table, by a job with timers and signals of its own; nearly
 * all of them are in it, and for those the job does nothing. They are left out: in a swarm of 16 that was 180 jobs a second. And it
 * compares the peers nearest to it with those that it has tagged every 5 s, though they hardly change.
 */
import type { PeerId } from '@libp2p/interface'
import { CLOSEST_PEERS_MS } from './constants.ts'

/** What is used of kad-dht's routing table; its declarations name but the size. */
interface Table {
  addEventListener(type: 'peer:add' | 'peer:remove', listener: (event: CustomEvent<PeerId>) => void): void
  queueRoutingTableUpdate(peer: PeerId, options?: object): void
  readonly closestPeerTagger?: { refreshInterval: number }
}

/** @param dht - libp2p's service, before it starts; one without such a table stays as it is */
export function calmRoutingTable(dht: object): void {
  const table = tableOf(dht)
  if (table === null) return
  if (table.closestPeerTagger !== undefined) table.closestPeerTagger.refreshInterval = CLOSEST_PEERS_MS
  const inside = new Set<string>()
  table.addEventListener('peer:add', ({ detail }) => inside.add(detail.toString()))
  table.addEventListener('peer:remove', ({ detail }) => inside.delete(detail.toString()))
  const queue = table.queueRoutingTableUpdate.bind(table)
  table.queueRoutingTableUpdate = (peer, options) => {
    if (!inside.has(peer.toString())) queue(peer, options)
  }
}

function tableOf(dht: object): Table | null {
  const table: unknown = 'routingTable' in dht ? dht.routingTable : null
  return isTable(table) ? table : null
}

function isTable(value: unknown): value is Table {
  return (
    typeof value === 'object' && value !== null && 'queueRoutingTableUpdate' in value && 'addEventListener' in value
  )
}
