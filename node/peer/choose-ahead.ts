/** Whom a replica that is behind turns to. Pure. */
import type { PeerName } from '../../protocols/wire/messages.ts'

export interface Ahead {
  /** The furthest first. */
  readonly peers: readonly PeerName[]
  readonly round: number
  readonly snapshotRound: number | null
}

/** How far a sibling says it is. */
export interface SiblingStatus {
  readonly round: number
  readonly snapshotRound: number | null
}

/** Answers that are enough where so many siblings are asked: all but f of them. The others may be gone without a word. */
export function enoughAnswers(asked: number): number {
  return asked - Math.floor(asked / 3)
}

export interface StatedBy {
  readonly peer: PeerName
  readonly status: SiblingStatus
}

/** What siblings say, as if they had nothing after a round: those that do not know a recovery yet go on beyond its base. */
export function upTo(statuses: readonly StatedBy[], last: number): StatedBy[] {
  return statuses.map(({ peer, status: { round, snapshotRound } }) => ({
    peer,
    status: {
      round: Math.min(round, last),
      snapshotRound: snapshotRound !== null && snapshotRound <= last ? snapshotRound : null,
    },
  }))
}

/**
 * Null where nobody is ahead.
 * @param fresh - a snapshot is wanted, whatever its round
 */
export function chooseAhead(statuses: readonly StatedBy[], tipRound: number, fresh: boolean): Ahead | null {
  const found = statuses
    .filter(({ status }) => (fresh ? status.snapshotRound !== null : status.round > tipRound))
    .sort((a, b) => b.status.round - a.status.round)
  if (found.length === 0) return null
  const snapshots = found.flatMap(({ status }) => status.snapshotRound ?? [])
  return {
    peers: found.map(({ peer }) => peer),
    round: Math.max(...found.map(({ status }) => status.round)),
    snapshotRound: snapshots.length === 0 ? null : Math.max(...snapshots),
  }
}
