/** The work's share of the engine, with its time charged to `compute`. */
import type { StageEngine } from '../engine/runtime/types.ts'
import type { RoundClock } from './round-clock.ts'

export type WorkEngine = Pick<StageEngine, 'forward' | 'backward' | 'head'>

export function timedEngine(engine: StageEngine, times: RoundClock): WorkEngine {
  return {
    forward: (input, options) => times.during('compute', () => engine.forward(input, options)),
    backward: (input, gradient, into, options) =>
      times.during('compute', () => engine.backward(input, gradient, into, options)),
    head: (input, targets, into, options) => times.during('compute', () => engine.head(input, targets, into, options)),
  }
}
