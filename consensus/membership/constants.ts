/** Consecutive certificates in which a seat was not heard before it may be removed as absent (round.md, k = 3). */
export const ABSENCE_ROUNDS = 3
/** Epochs that the removal of an absent peer waits for a replacement before it is forgotten, counted from the first in which it could have acted. */
export const DEPARTURE_EPOCHS = 2
/**
 * Envelopes of a peer beside a proposal among which two that contradict each other are looked for. An honest leader shows
 * seven at most: COMMIT, HAVE, three OUTCOMEs, and the two.
 */
export const ENVELOPES_COMPARED = 16
/** Candidates dealt for each seat that a stage lacks: one of them may be gone. */
export const CANDIDATES_PER_SEAT = 2
/** A pause lasts to the end of the epoch that is so many after the one in which it was decided. */
export const PAUSE_EPOCHS = 1
/** So many epochs after a decided pause the same seat may pause again: between them it must take part, or be removed as absent. */
export const PAUSE_AGAIN_EPOCHS = 4
/** Every so many epochs all candidates are dealt anew: two that never come would keep a seat empty for good. */
export const REDEAL_EPOCHS = 4
