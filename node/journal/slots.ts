/** Which payloads are signed at most once (those with a slot in the wire's table), and where their slots lie. */
import { encode } from '../../protocols/wire/cbor.ts'
import type {
  Aggregate,
  Commit,
  Outcome,
  Payload,
  Precommit,
  Prevote,
  Proposal,
} from '../../protocols/wire/messages.ts'
import { hasSlot, slotOf } from '../../protocols/wire/table.ts'
import type { Place } from './entries.ts'
import { sha256 } from './records.ts'

/** Payloads that go through the journal. */
export type Journaled = Commit | Proposal | Prevote | Precommit | Aggregate | Outcome

export function isJournaled(payload: Payload): payload is Journaled {
  return hasSlot(payload)
}

/** Key (run, epoch, stage, round, kind, view or (value, partition)): one signature for each. */
export function slotName(payload: Journaled): string {
  const slot = slotOf(payload)
  if (slot === null) throw new TypeError(`${payload.kind} has no slot`)
  return slot
}

export function placeOf(payload: Journaled): Place {
  const { run, stage, epoch, round } = payload.scope
  return { run, stage, epoch, round }
}

/** SHA-256 of the payload's canonical bytes: equal exactly where the signatures would be. */
export function contentOf(payload: Journaled): Uint8Array {
  return sha256([encode(payload)])
}
