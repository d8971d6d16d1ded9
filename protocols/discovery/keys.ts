/** Names under which the DHT holds a stage: one value a peer, and one content id whose providers are the stage's peers. */
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { smallHash } from '../wire/hash.ts'
import type { ContentId, PeerName } from '../wire/messages.ts'
import { RECORD_NAMESPACE } from './constants.ts'

/** Multicodec of bytes without structure, and of SHA-256. */
const RAW_CODEC = 0x55
const SHA2_256 = 0x12

export interface RecordKey {
  readonly run: ContentId
  readonly stage: number
  readonly peer: PeerName
}

/** `/swarm-node/<run>/<stage>/<peer>` in UTF-8. */
export function encodeKey({ run, stage, peer }: RecordKey): Uint8Array {
  return new TextEncoder().encode(`/${RECORD_NAMESPACE}/${run}/${stage}/${peer}`)
}

/** Null where the bytes are not exactly what {@link encodeKey} makes. */
export function decodeKey(key: Uint8Array): RecordKey | null {
  const match = /^\/swarm-node\/([a-zA-Z0-9]{1,128})\/(0|[1-9]\d{0,8})\/([a-zA-Z0-9]{1,128})$/.exec(
    new TextDecoder().decode(key),
  )
  if (match === null) return null
  const [, run = '', stage, peer = ''] = match
  return { run, stage: Number(stage), peer }
}

/** The content id that a stage's peers provide: SHA-256 of `/swarm-node/<run>/<stage>`. */
export function stageCid(run: ContentId, stage: number): CID {
  const hash = smallHash(new TextEncoder().encode(`/${RECORD_NAMESPACE}/${run}/${stage}`))
  return CID.createV1(RAW_CODEC, create(SHA2_256, hash))
}
