/** Limits of the round's machine, each with unit and reason. Time-outs' bases come with the context (the manifest). */

/** Views over which the time-outs grow; after that they stay. 2^8 times the base outlasts any outage that a run survives. */
export const VIEW_BACKOFF_CAP = 8

/**
 * Bounds of the measured waits, in shares of the manifest's time-outs, and their least deviation as a share of the smoothed value.
 * One: who is always late holds a round up no longer than it does where nothing is measured.
 */
export const TEMPO_SHARES = { least: 1 / 4, most: 1, spread: 1 / 2 } as const

/** Factor for every round in a row that passed a measured wait; below 2, as for hops. */
export const TEMPO_BACK_OFF = 1.5

/** Who has spoken in a round says something again every `voteMs`: silent for so many of them it hangs or is cut off. */
export const SILENT_WAITS = 1.5

/** Of the wait for a proposal, for a leader that a quorum was heard without. */
export const UNHEARD_SHARE = 1 / 4

/** The same, for one that was silent in the round before too: as long as messages take to meet. */
export const SILENT_SHARE = 1 / 16

/** How long view 0 waits for commitments to become available, in waits of the scatter: the first, and the transfers to others after it. */
export const AVAILABLE_WAITS = 2

/** Views before the current one whose votes are kept: late PRECOMMITs may still decide. Older ones are covered by re-sending. */
export const VIEWS_BEHIND = 16

/** Views ahead whose votes are kept. Beyond it only the sender's position counts: enough to jump there, and votes are re-sent. */
export const VIEWS_AHEAD = 8

/** Milliseconds in which arriving partitions are gathered into one HAVE: far below a round, and as long as a commitment's take to come. */
export const HAVE_BATCH_MS = 20

/** Finalised blocks that are remembered: at 6 s a block 6 minutes, and `block` asks for others. */
export const HEADS_KEPT = 64

/** Values a candidate's aggregates are kept for: the one that is decided, and one that failed before. */
export const AGGREGATED_VALUES_KEPT = 2

/** Attachments of one message, in multiples of n: COMMITs, HAVEs, IDLEs and votes of every seat. */
export const ATTACHMENTS_PER_SEAT = 4

/**
 * The same of a PROPOSE: COMMITs and HAVEs, OUTCOMEs of five rounds that show who was absent, and at most two envelopes for
 * each other change, of which a value carries n at most.
 */
export const PROPOSAL_ATTACHMENTS_PER_SEAT = 9

/** Wishes kept, in multiples of n: the seats, and as many candidates. */
export const WISHES_PER_SEAT = 2
