/** Consecutive certificates in which a seat was not heard before it may be removed as absent (round.md, k = 3). */
export const ABSENCE_ROUNDS = 3
/** Epochs that a decided removal waits for a replacement, counted from the first in which it could have acted. */
export const DEPARTURE_EPOCHS = 2
/**
 * Envelopes of a peer beside a proposal among which two that contradict each other are looked for. An honest leader shows
 * seven at most: COMMIT, HAVE, three OUTCOMEs, and the two.
 */
export const ENVELOPES_COMPARED = 16
/** Candidates dealt for each seat that a stage lacks: one of them may be gone. */
export const CANDIDATES_PER_SEAT = 2
