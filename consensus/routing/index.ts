export { type ClipState, clipFactor, createClip, endClipRound, observeNorm } from './clip.ts'
export { DEFAULT_BACK_OFF, DEFAULT_WORK_LIMITS, workLimits } from './constants.ts'
export {
  epochLanes,
  hopOrder,
  isOnLane,
  type Lanes,
  laneMembers,
  laneOf,
  makeLanes,
  nextHop,
  sourceQuota,
} from './lanes.ts'
export { usualMs } from './measures.ts'
export { createPace, type Pace } from './pace.ts'
export { NO_REFERENCES, type References } from './references.ts'
export { chainRoot } from './root.ts'
export { NO_SPEEDS, nextSpeeds, reportsByEpoch, type Speeds, type TimesMs, type ToldTimes, toTell } from './speeds.ts'
export { decodeSpeeds, encodeSpeeds, type SpeedsReport } from './speeds-report.ts'
export type { WorkState } from './state.ts'
export type { Finding, Statistic } from './statistics.ts'
export type * from './types.ts'
export { createWork, isSaidAgain, paceOf, referencesOf, step, takeParked, type WorkStep } from './work.ts'
