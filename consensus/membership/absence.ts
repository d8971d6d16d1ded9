/** Which certified rounds show that a seat is absent: measured in rounds, and in blocks where rounds are short. */
import type { Scope } from '../../protocols/wire/messages.ts'
import { ABSENCE_EPOCH_SHARE, ABSENCE_ROUNDS } from './constants.ts'
import type { MembershipContext, PastRound } from './types.ts'

type Known = Pick<MembershipContext, 'past' | 'absenceBlocks'>

/** Blocks over which an absent seat was not heard. */
export function absenceBlocks(epochBlocks: number): number {
  return Math.ceil(epochBlocks * ABSENCE_EPOCH_SHARE)
}

/** The last `count` rounds before this one; null where not as many of its epoch are certified. */
export function pastRounds(
  { round: current }: Pick<Scope, 'round'>,
  past: readonly PastRound[],
  count: number,
): readonly PastRound[] | null {
  const last = past.slice(0, count)
  const isWhole = last.length === count && last.every(({ round }, index) => round === current - 1 - index)
  return isWhole ? last : null
}

/**
 * The rounds in none of which a seat was heard that is removed as absent: the last ABSENCE_ROUNDS, the newest rising one that refers to a
 * block `absenceBlocks` below the parent's, and the newest half as far back. Null where the epoch is not as old.
 */
export function absenceRounds(scope: Pick<Scope, 'round'>, known: Known): readonly PastRound[] | null {
  const last = pastRounds(scope, known.past, ABSENCE_ROUNDS)
  const reach = reachOf(known, known.absenceBlocks)
  const middle = reachOf(known, known.absenceBlocks / 2)
  return last === null || reach === null || middle === null ? null : [...new Set([...last, middle, reach])]
}

/** What may show an absence in this round or a later one: the last rounds, and the rising ones down to the span's end. */
export function roundsToKeep(known: Known): readonly PastRound[] {
  const lowest = reachOf(known, known.absenceBlocks)?.round ?? 0
  return known.past.filter(({ isRising, round }, index) => index < ABSENCE_ROUNDS || (isRising && round >= lowest))
}

/** What is remembered after one more round: all of one epoch. */
export function remember(past: readonly PastRound[], next: Omit<PastRound, 'isRising'>): readonly PastRound[] {
  const isRising = past[0] === undefined || next.height > past[0].height
  return [{ ...next, isRising }, ...past.filter((round, index) => index < ABSENCE_ROUNDS - 1 || round.isRising)]
}

/** The newest rising round that refers to a block so many below the parent's. */
function reachOf({ past }: Known, blocks: number): PastRound | null {
  const [parent] = past
  if (parent === undefined) return null
  return past.find(({ height, isRising }) => isRising && height <= parent.height - blocks) ?? null
}
