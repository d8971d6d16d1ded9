/** Events as peers raise them, for the projections. */
import type { EventName, NodeEvent, NodeEvents } from '../../../node/events/types.ts'

export const PEER = `12D3KooW${'A'.repeat(38)}abcdef`

/** An event at a time, ms; the epoch does not matter here. */
export function event<Name extends EventName>(name: Name, timeMs: number, fields: NodeEvents[Name]): NodeEvent {
  return { event: name, timeMs, ...fields } as NodeEvent
}

export function certified(stage: number, round: number, timeMs: number, tokens = 8192): NodeEvent {
  const state = `${round}`.padStart(64, '0')
  return event('round.certified', timeMs, {
    stage,
    round,
    view: 0,
    leader: PEER,
    state,
    commits: 4,
    tokens,
    value: state,
    outcome: state,
    parent: { value: state, outcome: state },
    signers: [PEER],
    sealed: [],
    next: 'promote',
  })
}

export function loss(round: number, timeMs: number, train: number, heldOut: number | null = null): NodeEvent {
  return event('loss', timeMs, { round, train, heldOut, tokensPerSecond: round === 1 ? 0 : 4000 })
}

/** A round of two stages: loss and certificates. */
export function wholeRound(round: number, timeMs: number): NodeEvent[] {
  return [loss(round, timeMs, 5 - round / 10), certified(1, round, timeMs + 5), certified(0, round, timeMs + 10)]
}
