/** How an anchor is written on chain. Byte layouts: README.md, "Anchor". */
import { decode, encode } from '@ipld/dag-cbor'
import type { ContentId } from '../../protocols/wire/messages.ts'
import { ANCHOR_KIND, ANCHOR_LIMIT_BYTES, STAGE_LIMIT } from './constants.ts'
import type { Anchor } from './types.ts'

const LINK_BYTES = 32

/** The remark: DAG-CBOR of {kind, run, stage, from, to, link}. Throws a RangeError for an anchor that no reader would take. */
export function encodeAnchorRemark(run: ContentId, anchor: Anchor): Uint8Array {
  if (!isAnchor(anchor)) throw new RangeError('not an anchor')
  const { stage, fromRound, toRound, link } = anchor
  return encode({ kind: ANCHOR_KIND, run, stage, from: fromRound, to: toRound, link })
}

/** The anchor of `run` in a remark, or undefined where it is anything else. Strict: other encodings of the same are refused. */
export function decodeAnchorRemark(remark: Uint8Array, run: ContentId): Anchor | undefined {
  if (remark.length > ANCHOR_LIMIT_BYTES) return undefined
  let value: unknown
  try {
    value = decode(remark)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const fields = value as Readonly<Record<string, unknown>>
  if (fields['kind'] !== ANCHOR_KIND || fields['run'] !== run) return undefined
  const anchor = { stage: fields['stage'], fromRound: fields['from'], toRound: fields['to'], link: fields['link'] }
  if (!isAnchor(anchor)) return undefined
  return sameBytes(encodeAnchorRemark(run, anchor), remark) ? anchor : undefined
}

/** Key of the attribute that holds a stage's newest anchor. */
export function anchorKey(stage: number): string {
  return `anchor/${stage}`
}

/** Value of that attribute: the last round as u64 little endian, then the link (40 bytes). */
export function encodeAnchorValue(anchor: Anchor): Uint8Array {
  const value = new Uint8Array(8 + LINK_BYTES)
  new DataView(value.buffer).setBigUint64(0, BigInt(anchor.toRound), true)
  value.set(anchor.link, 8)
  return value
}

type Unchecked = { readonly [Field in keyof Anchor]: unknown }

function isAnchor(anchor: Unchecked): anchor is Anchor {
  return (
    isIndex(anchor.stage) &&
    anchor.stage < STAGE_LIMIT &&
    isIndex(anchor.fromRound) &&
    isIndex(anchor.toRound) &&
    anchor.fromRound <= anchor.toRound &&
    anchor.link instanceof Uint8Array &&
    anchor.link.length === LINK_BYTES
  )
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
