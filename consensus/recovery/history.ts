/** Which rounds are of a stage's history, past its recoveries. Pure. */
import type { Recovery } from './types.ts'

/** Those of a stage that still count: one is void once a later one went on from before it. In the order of the epochs. */
export function inForce(recoveries: readonly Recovery[]): readonly Recovery[] {
  return recoveries.filter((recovery, at) =>
    recoveries.slice(at + 1).every(later => later.base.round >= recovery.resume - 1),
  )
}

/** Is a round of this scope one of the history that the recoveries lead to, as far as its number and epoch tell? */
export function isPartOf({ round, epoch }: { round: number; epoch: number }, recoveries: readonly Recovery[]): boolean {
  return recoveries.every(recovery =>
    epoch < recovery.epoch ? round <= recovery.base.round : round >= recovery.resume,
  )
}
