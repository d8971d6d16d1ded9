/**
 * What a peer has measured of its rounds, and the waits that follow. It outlives the rounds; the manifest's time-outs are what it
 * starts from, and bound it. Waits for proposals and votes are not among them: replicas that waited differently would not meet in a view.
 */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { deadlineMs, type Estimate, miss, NO_ESTIMATE, observe } from '../routing/estimate.ts'
import { TEMPO_BACK_OFF, TEMPO_SHARES } from './constants.ts'
import type { RoundTimeouts } from './types.ts'

export interface Tempo {
  /** From sending the own partitions to half of their candidates' HAVEs of them. */
  readonly scatter: Estimate
  /** From the decision until all aggregated partitions are here. */
  readonly execute: Estimate
  /** Seats that the round before did not hear, though it heard a quorum. */
  readonly silent: readonly PeerName[]
}

export type Measured = Exclude<keyof Tempo, 'silent'>

/** What is waited for, in milliseconds. */
export interface Waits {
  readonly scatterMs: number
  readonly executeMs: number
}

export const NO_TEMPO: Tempo = {
  scatter: NO_ESTIMATE,
  execute: NO_ESTIMATE,
  silent: [],
}

export function observeTempo(tempo: Tempo, what: Measured, durationMs: number, base: RoundTimeouts): Tempo {
  return { ...tempo, [what]: observe(tempo[what], durationMs, bounds(base)) }
}

/** It took so long that others had to take over: what it took says nothing, the next wait is longer. */
export function missTempo(tempo: Tempo, what: Measured): Tempo {
  return { ...tempo, [what]: miss(tempo[what]) }
}

export function waitsOf(tempo: Tempo, base: RoundTimeouts): Waits {
  const wait = (what: Measured) => deadlineMs(tempo[what], bounds(base))
  return {
    scatterMs: wait('scatter'),
    executeMs: wait('execute'),
  }
}

function bounds({ reduceMs: baseMs }: RoundTimeouts) {
  const { least, most, spread } = TEMPO_SHARES
  return { baseMs, leastMs: least * baseMs, mostMs: most * baseMs, spread, backOff: TEMPO_BACK_OFF }
}
