/**
 * Finds the peers of a run's stages: signed records in the DHT, from connected peers and by gossip (README.md).
 *
 * @example
 *
 * ```ts
 * const codec = recordCodec(privateKey)
 * const book = recordBook({ run, stages, seats, codec })
 * const network = await createNetwork({ ..., records: book.rules })
 * const peers = discovery({ run, stages, seats, ephemeral: false, needed: () => [0, 1], dial, publish }, book)({
 *   ...network.components, clock, random, storage, codec,
 * })
 * await peers.start()
 * await peers.announce(0, network.addresses())
 * ```
 */
import { Discovery } from './discovery.ts'
import { RecordBook, type RecordBookInit } from './record-book.ts'
import type { DiscoveryComponents, DiscoveryInit } from './types.ts'

export { recordCodec } from './codec.ts'
export { DISCOVERY_PROTOCOL, RECORD_NAMESPACE } from './constants.ts'
export { findProviders } from './dht-records.ts'
export type { Discovery } from './discovery.ts'
export type { Admission, RecordBook, RecordBookInit } from './record-book.ts'
export type * from './types.ts'

/** The records of a run: made before the network, whose DHT asks it what to store. */
export function recordBook(init: RecordBookInit): RecordBook {
  return new RecordBook(init)
}

export function discovery(init: DiscoveryInit, book: RecordBook): (components: DiscoveryComponents) => Discovery {
  return components => new Discovery(components, init, book)
}
