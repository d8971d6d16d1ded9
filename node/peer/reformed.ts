/** What the recoveries of a stage mean for a history that stands at a tip (consensus/recovery). Pure. */
import type { BlockReference } from '../../consensus/chain/types.ts'
import { type Recovery, sameRound } from '../../consensus/recovery/index.ts'
import type { Tip } from './tip.ts'

export type Standing =
  /** No recovery concerns it. */
  | { readonly type: 'on' }
  /** A recovery goes on from further ahead: up to its base the history is as it was. */
  | { readonly type: 'before'; readonly recovery: Recovery }
  /** The history goes on by a recovery from here. */
  | { readonly type: 'base'; readonly recovery: Recovery }
  /** A recovery went on from an earlier round, or another one: what came after that is no part of the history. */
  | { readonly type: 'left'; readonly recovery: Recovery }

/** @param recoveries - of the stage, in the order of their epochs */
export function standing(tip: Pick<Tip, 'round' | 'parent' | 'epoch'>, recoveries: readonly Recovery[]): Standing {
  const recovery = recoveries.find(({ epoch }) => epoch > tip.epoch)
  if (recovery === undefined) return { type: 'on' }
  const { base } = recovery
  if (tip.round < base.round) return { type: 'before', recovery }
  return { type: tip.round === base.round && sameRound(tip.parent, base) ? 'base' : 'left', recovery }
}

/** Where the history stands after a recovery from this tip. @param start - first block of the recovery's epoch */
export function resumedTip(tip: Tip, { resume, epoch }: Recovery, start: BlockReference): Tip {
  return { ...tip, round: resume - 1, reference: start, epoch, past: [], decided: [], paused: [] }
}

/**
 * Where the next round builds: past the recoveries that go on from here.
 * @param startOf - first block of an epoch; undefined where that is not known
 */
export function settledTip(
  tip: Tip,
  recoveries: readonly Recovery[],
  startOf: (epoch: number) => BlockReference | undefined,
): Tip {
  let at = tip
  for (let now = standing(at, recoveries); now.type === 'base'; now = standing(at, recoveries)) {
    const start = startOf(now.recovery.epoch)
    if (start === undefined) return at
    at = resumedTip(at, now.recovery, start)
  }
  return at
}

/**
 * Was an anchor of this round, in a block of this height, posted of rounds that a recovery left? It was final until then.
 * @param startOf - first block of an epoch
 */
export function isLeft(
  round: number,
  height: number,
  recoveries: readonly Recovery[],
  startOf: (epoch: number) => number,
): boolean {
  return recoveries.some(({ base, resume, epoch }) => round > base.round && (round < resume || height < startOf(epoch)))
}

/**
 * The epochs whose seats may anchor in a block of this one: the last round of an epoch may be anchored in the next one, but where that
 * re-forms the stage.
 */
export function anchoringEpochs(epoch: number, recoveries: readonly Pick<Recovery, 'epoch'>[]): readonly number[] {
  return recoveries.some(recovery => recovery.epoch === epoch) ? [epoch] : [epoch - 1, epoch]
}

/** The round after this one: the rounds that a recovery left out do not exist. */
export function roundAfter(round: number, recoveries: readonly Recovery[]): number {
  let next = round + 1
  const skipping = () => recoveries.find(({ base, resume }) => base.round < next && next < resume)
  for (let recovery = skipping(); recovery !== undefined; recovery = skipping()) next = recovery.resume
  return next
}

/** The round before this one: the base, where a recovery resumed with this one. */
export function roundBefore(round: number, recoveries: readonly Recovery[]): number {
  let before = round - 1
  const skipping = () => recoveries.find(({ base, resume }) => base.round < before && before < resume)
  for (let recovery = skipping(); recovery !== undefined; recovery = skipping()) before = recovery.base.round
  return before
}
