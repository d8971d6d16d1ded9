/** What the signing journal's records hold: each is a DAG-CBOR list of entries that reached the disk together. */
import { decode, encode } from '@ipld/dag-cbor'
import type { ContentId, PeerName } from '../../protocols/wire/messages.ts'

/** Where and when in a run. */
export interface Place {
  readonly run: ContentId
  readonly stage: number
  readonly epoch: number
  readonly round: number
}

/** First entry of the file. */
export interface OwnerEntry {
  readonly entry: 'owner'
  readonly version: 1
  readonly signer: PeerName
}

/** A signature, and what was signed (SHA-256 of the payload). */
export interface SignedEntry extends Place {
  readonly entry: 'signed'
  readonly slot: string
  readonly content: Uint8Array
  readonly envelope: Uint8Array
}

/** Something the round's machine must remember: a lock, a polka. The newest of a name and place counts. */
export interface RecordEntry extends Place {
  readonly entry: 'record'
  readonly name: string
  readonly bytes: Uint8Array
}

/** Nothing is signed any more in epochs up to `epoch` for rounds below `round`. */
export interface FloorEntry extends Place {
  readonly entry: 'floor'
}

/** Nothing at all is signed while the reason is not null. */
export interface SuspendedEntry {
  readonly entry: 'suspended'
  readonly reason: StaleReason | null
}

/** Why a journal cannot be trusted to know all that was signed (round.md, "Signing"). */
export type StaleReason = 'missing' | 'behind-anchor' | 'unknown-signature' | 'second-machine'

export type Entry = OwnerEntry | SignedEntry | RecordEntry | FloorEntry | SuspendedEntry

const ENTRY_KINDS: readonly string[] = ['owner', 'signed', 'record', 'floor', 'suspended'] satisfies Entry['entry'][]

export function encodeEntries(entries: readonly Entry[]): Uint8Array {
  return encode(entries)
}

/** The record's own check has passed, so the bytes are ours; this only tells a newer layout from this one. */
export function decodeEntries(payload: Uint8Array): Entry[] {
  const entries: unknown = decode(payload)
  if (!Array.isArray(entries) || !entries.every(isEntry)) throw new TypeError('the record holds no journal entries')
  return entries
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && 'entry' in value && ENTRY_KINDS.includes(String(value.entry))
}
