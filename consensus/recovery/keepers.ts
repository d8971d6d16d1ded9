/** Who keeps which stage's checkpoints (README.md, "Checkpoints"). Pure. */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { ROLES, rankByHash } from '../election/index.ts'
import type { Draw, Group } from '../election/types.ts'

/** The stage whose seats keep those of this one: the next, of the head stage 0; null where there is no other. */
export function keepingStage(stage: number, stages: number): number | null {
  return stages < 2 ? null : (stage + 1) % stages
}

/** The stage whose checkpoints the seats of this one keep; null where there is no other. */
export function keptStage(stage: number, stages: number): number | null {
  return stages < 2 ? null : (stage + stages - 1) % stages
}

/**
 * f + 1 seats of the keeping stage, so that one of them is honest: for each checkpoint others, so each carries its share.
 * @param draw - epoch and round of the checkpoint, and its stage
 * @param group - of the keeping stage, in that epoch
 */
export function keepersOf(draw: Omit<Draw, 'role'>, group: Group): PeerName[] {
  const peers = group.seats.map(({ peer }) => peer)
  return rankByHash({ ...draw, role: ROLES.keeper }, peers).slice(0, group.faults + 1)
}
