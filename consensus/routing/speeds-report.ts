/** What a peer tells on the chain of the speeds in its lane (README.md, "Lanes of like speeds"). */
import { decodeStrict, encode } from '../../protocols/wire/cbor.ts'
import { arrayOf, boolean, integer, isMap, object, oneOf } from '../../protocols/wire/fields.ts'
import { compareText } from '../../protocols/wire/hash.ts'
import { contentIdText, peerName } from '../../protocols/wire/message-fields.ts'
import type { ContentId, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import { RECORD_KINDS } from '../chain/constants.ts'
import { REPORT_ENTRIES, REPORT_LIMIT_BYTES } from './constants.ts'
import type { Told, ToldTimes } from './speeds.ts'

export interface SpeedsReport {
  /** In whose lanes was measured. */
  readonly epoch: number
  readonly times: ToldTimes
}

interface Entry extends Told {
  readonly peer: PeerName
}

interface Fields {
  readonly kind: typeof RECORD_KINDS.speeds
  readonly run: ContentId
  readonly epoch: number
  readonly times: readonly Entry[]
}

const FIELDS = object<Fields>({
  kind: oneOf(RECORD_KINDS.speeds),
  run: contentIdText,
  epoch: integer(0, Number.MAX_SAFE_INTEGER),
  times: arrayOf(object<Entry>({ ms: integer(1, 2 ** 32), peer: peerName, isAtLeast: boolean }), REPORT_ENTRIES, 1),
})

/** Bytes for `Chain.postRecord`: of more neighbours than a report holds the first ones by name. */
export function encodeSpeeds(run: ContentId, { epoch, times: told }: SpeedsReport): Uint8Array {
  const times = [...told]
    .map(([peer, { ms, isAtLeast }]): Entry => ({ ms: Math.min(ms, 2 ** 32), peer, isAtLeast }))
    .sort((a, b) => compareText(a.peer, b.peer))
    .slice(0, REPORT_ENTRIES)
  return encode({ kind: RECORD_KINDS.speeds, run, epoch, times })
}

/** Anybody with a bond may have posted the bytes. Whose times count, `nextSpeeds` says. */
export function decodeSpeeds(bytes: Uint8Array, run: ContentId): SpeedsReport | Refusal {
  const decoded = decodeStrict(bytes, { maxBytes: REPORT_LIMIT_BYTES })
  if (isRefusal(decoded)) return decoded
  if (!isReport(decoded)) return refuse('out-of-bounds', `speeds: ${FIELDS(decoded, '') ?? 'not a map'}`)
  const { epoch, times } = decoded
  if (decoded.run !== run) return refuse('wrong-run')
  const isSorted = times.every(({ peer }, index) => index === 0 || compareText(times[index - 1]!.peer, peer) < 0)
  if (!isSorted) return refuse('out-of-bounds', 'speeds: peers must be sorted, each once')
  return { epoch, times: new Map(times.map(({ peer, ms, isAtLeast }) => [peer, { ms, isAtLeast }])) }
}

function isReport(value: unknown): value is Fields {
  return isMap(value) && FIELDS(value, '') === null
}
