/** How a dishonest peer differs from the honest composition. */
import type { PrivateKey } from '@libp2p/interface'
import type { PeerParts } from '../../../node/peer/types.ts'
import type { PeerStreamsComponents } from '../../../protocols/wire/frames/peer-streams.ts'

/** What a liar has besides the parts of an honest peer. */
export interface LiarTools {
  /** Signs whatever the signing journal would not. */
  readonly privateKey: PrivateKey
  /** For streams that say what the protocols would not. */
  readonly components: PeerStreamsComponents
  /** Says that it lies now: from then on it can be caught. */
  acts(): void
}

/** @returns the parts as the rounds of the liar get them */
export type Lie = (parts: PeerParts, tools: LiarTools) => PeerParts
