/** How a round's lock and polka lie in the signing journal. */
import type { LockRecord, Polka } from '../../consensus/round/types.ts'
import { decodeStrict, encode } from '../../protocols/wire/cbor.ts'
import { open } from '../../protocols/wire/envelope.ts'
import type { Hash, Prevote, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { JOURNAL_RECORD_VALUE_MAX_BYTES } from '../journal/constants.ts'

/** Name of the journal's record. */
export const LOCK_RECORD = 'lock'

interface StoredPolka {
  readonly view: number
  readonly value: Hash
  readonly proposal: Uint8Array
  readonly prevotes: readonly Uint8Array[]
}

interface StoredLock {
  readonly lock: LockRecord['lock']
  readonly valid: StoredPolka | null
}

export function encodeLock({ lock, valid }: LockRecord): Uint8Array {
  const polka: StoredPolka | null =
    valid === null
      ? null
      : {
          view: valid.view,
          value: valid.value,
          proposal: valid.proposal.envelope,
          prevotes: valid.prevotes.map(vote => vote.envelope),
        }
  const plain = lock === null ? null : { view: lock.view, value: lock.value, otherView: lock.otherView }
  return encode({ lock: plain, valid: polka } satisfies StoredLock)
}

/** @throws TypeError where the bytes are not what {@link encodeLock} wrote: the journal's checksum has passed, so that is a bug */
export async function decodeLock(bytes: Uint8Array): Promise<LockRecord> {
  const stored = decodeStrict(bytes, { maxBytes: JOURNAL_RECORD_VALUE_MAX_BYTES })
  if (isRefusal(stored) || !isStoredLock(stored)) throw new TypeError('the journal holds a lock that cannot be read')
  return { lock: stored.lock, valid: stored.valid === null ? null : await openPolka(stored.valid) }
}

async function openPolka(stored: StoredPolka): Promise<Polka> {
  const proposal = await open(stored.proposal, { kinds: ['propose'] })
  if (isRefusal(proposal)) throw new TypeError('the journal holds a polka whose proposal cannot be read')
  const prevotes: Signed<Prevote>[] = []
  for (const envelope of stored.prevotes) {
    const vote = await open(envelope, { kinds: ['prevote'] })
    if (isRefusal(vote)) throw new TypeError('the journal holds a polka with a vote that cannot be read')
    prevotes.push(vote)
  }
  return { view: stored.view, value: stored.value, proposal, prevotes }
}

function isStoredLock(value: unknown): value is StoredLock {
  return typeof value === 'object' && value !== null && 'lock' in value && 'valid' in value
}
