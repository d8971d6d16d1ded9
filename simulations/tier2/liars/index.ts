/** All lies of real processes, by name; those that are attacks of the scenario language too (attackers/) have their names. */
import { fileURLToPath } from 'node:url'
import type { ConcreteScenario } from '../../scenario/types.ts'
import { huge } from './huge.ts'
import { nan } from './nan.ts'
import { notFinite } from './not-finite.ts'
import { poisonedBackward } from './poisoned-backward.ts'
import { poisonedForward } from './poisoned-forward.ts'
import { shapes } from './shapes.ts'
import { signFlip } from './sign-flip.ts'
import { silentLeader } from './silent-leader.ts'
import { tampering } from './tampering.ts'
import { twoCommits } from './two-commits.ts'
import { twoVotes } from './two-votes.ts'
import type { Lie } from './types.ts'

export const LIES: Readonly<Record<string, Lie>> = {
  nan,
  huge,
  shapes,
  tampering,
  'sign-flip': signFlip,
  'double-commit': twoCommits,
  'double-vote': twoVotes,
  'silent-leader': silentLeader,
  'not-finite': notFinite,
  'wrong-forward': poisonedForward,
  'wrong-backward': poisonedBackward,
}

/** What a liar prints, once it lies. */
export const ATTACKED = 'attacked'

/** Path of the program that lies. */
export const LIAR_PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url))

/** Program and first argument of a scenario's liar; null for an honest peer. */
export function liarOf({ attackers }: ConcreteScenario, peer: number): readonly string[] | null {
  const attack = attackers.find(({ peers }) => peers.includes(peer))?.attack
  return attack === undefined ? null : [LIAR_PROGRAM, attack]
}

/** Why tier 2 cannot have these liars, as a sentence; null where it can. */
export function liarFault({ attackers }: ConcreteScenario): string | null {
  for (const { attack, fromMs } of attackers) {
    if (LIES[attack] === undefined) return `tier 2 has no liar for the attack '${attack}'`
    if (fromMs > 0) return `attackers: fromMs ${fromMs}: in tier 2 a liar lies from its start on`
  }
  return null
}
