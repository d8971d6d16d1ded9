export { absenceBlocks, absenceRounds, remember, roundsToKeep } from './absence.ts'
export {
  ABSENCE_ROUNDS,
  CANDIDATES_PER_SEAT,
  DEPARTURE_EPOCHS,
  MOVE_EPOCHS,
  MOVE_WINDOW_EPOCHS,
  MOVES_IN_WINDOW,
  NEED_EPOCHS,
  PAUSE_AGAIN_EPOCHS,
  PAUSE_EPOCHS,
  REDEAL_EPOCHS,
} from './constants.ts'
export { isPaused, mayPause, type Pauses, pauseEnds } from './pauses.ts'
export { type ChangesRecord, checkRecord, decodeRecord, encodeRecord, verifyRecord } from './record.ts'
export { firstRoster, leastSeats, nextRoster, shortages } from './roster.ts'
export type {
  DecidedChanges,
  Departure,
  MembershipContext,
  Move,
  NextEpoch,
  PastOutcomes,
  PastRound,
  Roster,
  RosterRules,
  Wish,
} from './types.ts'
export { changeFault, changesFault, epochLimit } from './validity.ts'
export { absences } from './wishes.ts'
