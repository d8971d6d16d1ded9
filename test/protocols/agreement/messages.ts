/** Messages for an outbox, which never looks at signatures. */
import { type Outgoing, outgoing } from '../../../protocols/agreement/outbox.ts'
import type { Payload, PeerName } from '../../../protocols/wire/messages.ts'
import { samplePayloads } from '../wire/samples.ts'

export const PEER = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'

export interface MessageFields {
  readonly round?: number
  readonly view?: number
  readonly partition?: number
  readonly signer?: PeerName
  /** Length of the envelope. */
  readonly bytes?: number
}

export function message(kind: 'prevote' | 'aggregate', fields: MessageFields = {}): Outgoing {
  const { round = 1, view = 0, partition = 0, signer = PEER, bytes = 100 } = fields
  const { prevote, aggregate } = samplePayloads(PEER)
  const scope = { ...prevote.scope, round }
  const payload: Payload = kind === 'prevote' ? { ...prevote, scope, view } : { ...aggregate, scope, partition }
  return outgoing({ signed: { signer, payload, envelope: new Uint8Array(bytes) }, attachments: [] })
}
