/** Records as signed envelopes of the wire. */
import type { PrivateKey } from '@libp2p/interface'
import { open, seal } from '../wire/envelope.ts'
import type { RecordCodec } from './types.ts'

/** Signs with the peer's own key. */
export function recordCodec(privateKey: PrivateKey): RecordCodec {
  return {
    seal: async record => (await seal(record, privateKey)).envelope,
    open: envelope => open(envelope, { kinds: ['record'] }),
  }
}
