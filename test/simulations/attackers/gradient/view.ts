/** Views of a colluder for the tests of attacks. */
import {
  type AttackMemory,
  createMemory,
  type GradientAttack,
  type GradientView,
  parametersOf,
} from '../../../../simulations/attackers/gradient/index.ts'
import { SeededRandom } from '../../../consensus/round/random.ts'

export const vector = (...values: number[]): Float32Array => Float32Array.from(values)

/** Those of ByzFL's documentation: mean (4, 5, 6), sample deviation 3. */
export const HONEST = [vector(1, 2, 3), vector(4, 5, 6), vector(7, 8, 9)]

export function viewOf(
  attack: GradientAttack,
  changes: Partial<GradientView> = {},
  parameters: Record<string, number> = {},
): GradientView {
  const random = new SeededRandom(1)
  return {
    round: 1,
    own: vector(1, -2, 3),
    honest: HONEST,
    liars: 1,
    seats: 4,
    faults: 1,
    random: () => random.next(),
    memory: createMemory(),
    previousAggregate: null,
    combine: null,
    parameters: knownParameters(attack, parameters),
    ...changes,
  }
}

export function knownParameters(
  attack: GradientAttack,
  changes: Record<string, number> = {},
): Readonly<Record<string, number>> {
  const parameters = parametersOf(attack, changes)
  if (typeof parameters === 'string') throw new Error(parameters)
  return parameters
}

/** One lie a round, with one memory; the honest of round r are those at r - 1. */
export function lies(
  attack: GradientAttack,
  rounds: readonly (readonly Float32Array[])[],
  parameters: Record<string, number> = {},
): Float32Array[] {
  const memory: AttackMemory = createMemory()
  return rounds.map((honest, at) => attack.forge(viewOf(attack, { round: at + 1, honest, memory }, parameters)))
}
