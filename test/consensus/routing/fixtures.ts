/** A replica in the middle: b0 of stage 1, in lane 0 of three stages of four. */
import {
  createPace,
  createWork,
  DEFAULT_WORK_LIMITS,
  makeLanes,
  NO_REFERENCES,
  step,
  type WorkContext,
  type WorkState,
} from '../../../consensus/routing/index.ts'

/** In each stage number k is in lane k. */
export const LANES = makeLanes(['a', 'b', 'c'].map(stage => [0, 1, 2, 3].map(index => `${stage}${index}`)))

/** Before `start`. */
export function waitingMachine(change: Partial<WorkContext> = {}): WorkState {
  return createWork({
    round: 5,
    epoch: 0,
    self: 'b0',
    stage: 1,
    lanes: LANES,
    quota: 100,
    share: 2,
    silent: [],
    countMin: 1,
    countMax: 100,
    limits: DEFAULT_WORK_LIMITS,
    timing: { hopMs: 100, drainMs: 100, roundMs: 10_000, backOff: 1.5 },
    pace: createPace(2),
    references: NO_REFERENCES,
    ...change,
  })
}

export function startedMachine(change: Partial<WorkContext> = {}): WorkState {
  return step(waitingMachine(change), { type: 'start', parked: [] }, 0).state
}
