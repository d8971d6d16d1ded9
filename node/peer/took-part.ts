/** Whether a peer was there in a round, as far as its certificate tells. Pure. */
import type { Group } from '../../consensus/election/index.ts'
import { hasBit } from '../../consensus/round/availability.ts'
import type { Outcome, PeerName } from '../../protocols/wire/messages.ts'

/** What a verified certificate tells of who was there. */
export interface Presence {
  readonly signers: readonly PeerName[]
  readonly commits: readonly { readonly signer: PeerName }[]
  readonly outcomes: readonly { readonly payload: Pick<Outcome, 'heard'> }[]
}

/**
 * It signed the certificate, or one of the commitments in it, or more than f of its signers heard it, of which one is honest.
 * For a peer that signs nothing itself all of this means that somebody else signs with its key.
 * @param group - of the certificate's epoch and stage
 */
export function tookPart(
  { signers, commits, outcomes }: Presence,
  group: Pick<Group, 'seats' | 'faults'> | null,
  peer: PeerName,
): boolean {
  if (signers.includes(peer) || commits.some(({ signer }) => signer === peer)) return true
  const seat = group?.seats.findIndex(one => one.peer === peer) ?? -1
  if (group === null || seat < 0) return false
  return outcomes.filter(({ payload }) => hasBit(payload.heard, seat)).length > group.faults
}
