/**
 * What a peer has measured of its rounds, and the waits that follow. It outlives the rounds; the manifest's time-outs are what it
 * starts from, and bound it. From view to view waits grow all the same, so a network that became slower is outlasted, and measured.
 */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { deadlineMs, type Estimate, NO_ESTIMATE, observe } from '../routing/estimate.ts'
import { TEMPO_SHARES } from './constants.ts'
import type { RoundTimeouts } from './types.ts'

export interface Tempo {
  /** From a view's begin to its proposal. */
  readonly propose: Estimate
  /** From the own vote to a quorum of votes. */
  readonly vote: Estimate
  /** From sending the own partitions to a candidate's HAVE of them. */
  readonly scatter: Estimate
  /** From the decision until all aggregated partitions are here. */
  readonly execute: Estimate
  /** Seats that the round before did not hear, though it heard a quorum. */
  readonly silent: readonly PeerName[]
}

export type Measured = Exclude<keyof Tempo, 'silent'>

/** What is waited for, in milliseconds, before a view's back-off. */
export interface Waits {
  readonly proposeMs: number
  readonly voteMs: number
  readonly scatterMs: number
  readonly executeMs: number
}

export const NO_TEMPO: Tempo = {
  propose: NO_ESTIMATE,
  vote: NO_ESTIMATE,
  scatter: NO_ESTIMATE,
  execute: NO_ESTIMATE,
  silent: [],
}

export function observeTempo(tempo: Tempo, what: Measured, durationMs: number, base: RoundTimeouts): Tempo {
  return { ...tempo, [what]: observe(tempo[what], durationMs, bounds(what, base)) }
}

export function waitsOf(tempo: Tempo, base: RoundTimeouts): Waits {
  const wait = (what: Measured) => deadlineMs(tempo[what], bounds(what, base))
  return {
    proposeMs: wait('propose'),
    voteMs: wait('vote'),
    scatterMs: wait('scatter'),
    executeMs: wait('execute'),
  }
}

const BASES: Readonly<Record<Measured, keyof RoundTimeouts>> = {
  propose: 'proposeMs',
  vote: 'voteMs',
  scatter: 'reduceMs',
  execute: 'reduceMs',
}

function bounds(what: Measured, base: RoundTimeouts) {
  const baseMs = base[BASES[what]]
  const { least, most, spread } = TEMPO_SHARES
  // Misses are not counted here: the views' back-off grows by itself.
  return { baseMs, leastMs: least * baseMs, mostMs: most * baseMs, spread, backOff: 1 }
}
