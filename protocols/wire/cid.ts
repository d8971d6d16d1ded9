/** Content ids: CIDv1, SHA-256, base32 (https://github.com/multiformats/cid). A run's id is that of its manifest. */
import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { decodeStrict, encode } from './cbor.ts'
import { MANIFEST_MAX_BYTES } from './constants.ts'
import { isMap } from './fields.ts'
import { smallHash } from './hash.ts'
import type { Manifest } from './manifest.ts'
import { checkManifest } from './manifest-fields.ts'
import type { ContentId, Hash } from './messages.ts'
import { isRefusal, type Refusal } from './refusals.ts'

export type ContentCodec = 'raw' | 'dag-cbor'

/** https://github.com/multiformats/multicodec/blob/master/table.csv */
const MULTICODEC: { readonly [codec in ContentCodec]: number } = { raw: 0x55, 'dag-cbor': 0x71 }
const SHA2_256 = 0x12

/** Content id of up to `SMALL_HASH_MAX_BYTES`; hash more with the injected `Digest` and use {@link contentIdOfHash}. */
export function contentId(bytes: Uint8Array, codec: ContentCodec): ContentId {
  return contentIdOfHash(smallHash(bytes), codec)
}

/** Content id of the bytes with this SHA-256. */
export function contentIdOfHash(hash: Hash, codec: ContentCodec): ContentId {
  return CID.createV1(MULTICODEC[codec], create(SHA2_256, hash)).toString(base32)
}

/** The SHA-256 that a content id names; null where it is not a CIDv1 of ours. */
export function hashOfContentId(id: ContentId): Hash | null {
  try {
    const cid = CID.parse(id, base32)
    const ours = cid.version === 1 && cid.multihash.code === SHA2_256 && cid.toString(base32) === id
    return ours && Object.values(MULTICODEC).includes(cid.code) ? cid.multihash.digest : null
  } catch {
    // Not a CID at all: the same answer.
    return null
  }
}

/** The run id. */
export function manifestId(manifest: Manifest): ContentId {
  return contentId(encodeManifest(manifest), 'dag-cbor')
}

/** Canonical bytes; throws a RangeError where a field is outside its bound. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const refusal = checkManifest(manifest)
  if (isRefusal(refusal)) throw new RangeError(refusal.detail ?? refusal.refused)
  return encode(manifest)
}

/** The version that a manifest says it has, whatever else it says; null where the bytes are no manifest at all. */
export function manifestVersion(bytes: Uint8Array): number | null {
  const value = decodeStrict(bytes, { maxBytes: MANIFEST_MAX_BYTES })
  return isMap(value) && Number.isSafeInteger(value['version']) ? Number(value['version']) : null
}

export function decodeManifest(bytes: Uint8Array): Manifest | Refusal {
  const value = decodeStrict(bytes, { maxBytes: MANIFEST_MAX_BYTES })
  return isRefusal(value) ? value : checkManifest(value)
}
