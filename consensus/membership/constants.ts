/** Consecutive certificates in which a seat was not heard before it may be removed as absent (round.md, k = 3). */
export const ABSENCE_ROUNDS = 3
/**
 * The same in blocks, as a share of the epoch: short rounds are over before a machine has started again. With the start values 8 blocks, 48 s
 * while the chain is idle.
 */
export const ABSENCE_EPOCH_SHARE = 1 / 8
/** Epochs that the removal of an absent peer waits for a replacement before it is forgotten, counted from the first in which it could have acted. */
export const DEPARTURE_EPOCHS = 2
/**
 * Envelopes of a peer beside a proposal among which two that contradict each other are looked for. An honest leader shows
 * nine at most: COMMIT, HAVE, five OUTCOMEs, and the two.
 */
export const ENVELOPES_COMPARED = 16
/** Candidates dealt for each seat that a stage lacks: one of them may be gone. */
export const CANDIDATES_PER_SEAT = 2
/** A pause lasts to the end of the epoch that is so many after the one in which it was decided. */
export const PAUSE_EPOCHS = 1
/** So many epochs after a decided pause the same seat may pause again: between them it must take part, or be removed as absent. */
export const PAUSE_AGAIN_EPOCHS = 4
/** In so many epochs in a row a stage lacks seats, before a seat of another one is drawn for it in the last of them: what comes and goes moves nobody. */
export const NEED_EPOCHS = 2
/** A drawn seat has so many epochs to fetch the state and to be admitted; then another may be drawn. */
export const MOVE_EPOCHS = 3
/** At most so many draws of a run in any so many epochs, and none twice of one seat: 4 in 1.7 hours with the start values. */
export const MOVES_IN_WINDOW = 4
export const MOVE_WINDOW_EPOCHS = 16
/** Every so many epochs all candidates are dealt anew: two that never come would keep a seat empty for good. */
export const REDEAL_EPOCHS = 4
