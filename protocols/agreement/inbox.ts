/** Checks at the door of the agreement protocol: bounds, signatures (each once, `open` remembers them), scope. */
import { open } from '../wire/envelope.ts'
import type { PayloadKind, PeerName, Signed } from '../wire/messages.ts'
import { isRefusal, type Refusal, type RefusalReason, refuse } from '../wire/refusals.ts'
import { MESSAGE_MAX_BYTES } from './constants.ts'
import type { SentParcel } from './headers.ts'
import type { AgreementPolicy, EnvelopePlace } from './types.ts'

/** What siblings say to each other here. */
const KINDS: readonly PayloadKind[] = [
  'commit',
  'idle',
  'have',
  'propose',
  'prevote',
  'precommit',
  'aggregate',
  'outcome',
  'leave',
  'pause',
]

/** What a correct peer never sends; the others may be late, early or ahead of what we know. */
const MALFORMED: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'bad-encoding',
  'bad-signature',
  'wrong-domain',
  'out-of-bounds',
  'too-large',
  'wrong-hash',
])

export function isMalformed(reason: RefusalReason): boolean {
  return MALFORMED.has(reason)
}

export interface OpenedParcel {
  readonly signed: Signed
  readonly attachments: readonly Signed[]
  /** Why attachments were left out. */
  readonly refusals: readonly Refusal[]
}

/** Opens a parcel. One bad attachment costs that attachment, so that a relay is not silenced by what others sent it. */
export async function openParcel(
  parcel: SentParcel,
  from: PeerName,
  policy: AgreementPolicy,
): Promise<OpenedParcel | Refusal> {
  const bytes = parcel.attachments.reduce((sum, envelope) => sum + envelope.length, parcel.envelope.length)
  if (bytes > MESSAGE_MAX_BYTES) return refuse('too-large', `a message of ${bytes} bytes`)
  const signed = await openOne(parcel.envelope, from, policy, 'message')
  if (isRefusal(signed)) return signed
  const attachments: Signed[] = []
  const refusals: Refusal[] = []
  for (const envelope of parcel.attachments) {
    const opened = await openOne(envelope, from, policy, 'attachment')
    if (isRefusal(opened)) refusals.push(opened)
    else attachments.push(opened)
    // Checking on would cost signatures for a peer that sends garbage.
    if (isRefusal(opened) && isMalformed(opened.refused)) break
  }
  return { signed, attachments, refusals }
}

async function openOne(
  envelope: Uint8Array,
  from: PeerName,
  policy: AgreementPolicy,
  as: EnvelopePlace,
): Promise<Signed | Refusal> {
  const signed = await open(envelope, { kinds: KINDS })
  return isRefusal(signed) ? signed : (policy.admit(signed, from, as) ?? signed)
}
