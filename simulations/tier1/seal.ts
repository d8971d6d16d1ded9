/** Signs at once, past every journal: what a liar does with its own key. */
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { varint } from 'multiformats'
import { encode } from '../../protocols/wire/cbor.ts'
import { SIGNATURE_DOMAIN } from '../../protocols/wire/constants.ts'
import { payloadType } from '../../protocols/wire/envelope.ts'
import { concatBytes } from '../../protocols/wire/hash.ts'
import type { Payload, Signed } from '../../protocols/wire/messages.ts'

/** As `seal` of protocols/wire, byte for byte; on Node the key signs in the same turn. */
export function sealNow<P extends Payload>(payload: P, key: PrivateKey): Signed<P> {
  const bytes = encode(payload)
  const type = payloadType(payload.kind)
  const domain = new TextEncoder().encode(SIGNATURE_DOMAIN)
  const signature = key.sign(concatBytes([domain, type, bytes].flatMap(part => [lengthOf(part), part])))
  if (!(signature instanceof Uint8Array)) throw new TypeError('the key does not sign at once')
  const envelope = new RecordEnvelope({ publicKey: key.publicKey, payloadType: type, payload: bytes, signature })
  return { signer: peerIdFromPrivateKey(key).toString(), payload, envelope: envelope.marshal() }
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  return varint.encodeTo(length, new Uint8Array(varint.encodingLength(length)))
}
