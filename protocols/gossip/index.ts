/**
 * Spreads certificates, SETTLEDs, close bundles and records over gossipsub, checked before they are passed on (README.md).
 *
 * @example
 *
 * ```ts
 * const spread = gossip({ run, genesis, stages, policy, handlers })({ pubsub: network.components.pubsub, clock })
 * spread.start()
 * await spread.publish(0, 'certificate', encodeCertificate(certificate))
 * ```
 */
import { Gossip } from './gossip.ts'
import type { GossipComponents, GossipInit } from './types.ts'

export { type Announcement, encodeAnnouncement } from './announcement.ts'
export { MESSAGE_MAX_BYTES } from './constants.ts'
export { topicOf } from './frame.ts'
export type { Gossip } from './gossip.ts'
export type * from './types.ts'
export { encodeClose } from './validate-close.ts'
export { verdictOf } from './verdicts.ts'

export function gossip(init: GossipInit): (components: GossipComponents) => Gossip {
  return components => new Gossip(components, init)
}
