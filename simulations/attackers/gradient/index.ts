/** The table of attacks on learning. A new one is one file and one line here. */
import { aLittleIsEnough } from './a-little-is-enough.ts'
import { dataReplay } from './data-replay.ts'
import { fallOfEmpires } from './fall-of-empires.ts'
import { innerProduct } from './inner-product.ts'
import { labelFlip } from './label-flip.ts'
import { mimic } from './mimic.ts'
import { notFinite } from './not-finite.ts'
import { random } from './random.ts'
import { scaled } from './scaled.ts'
import { signFlip } from './sign-flip.ts'
import { slowPoisoning } from './slow-poisoning.ts'
import type { GradientAttack } from './types.ts'
import { zero } from './zero.ts'

export const GRADIENT_ATTACKS: readonly GradientAttack[] = [
  signFlip,
  random,
  scaled,
  zero,
  notFinite,
  innerProduct,
  aLittleIsEnough,
  fallOfEmpires,
  mimic,
  labelFlip,
  dataReplay,
  slowPoisoning,
]

/** Null where there is none of this name. */
export function findGradientAttack(name: string): GradientAttack | null {
  return GRADIENT_ATTACKS.find(attack => attack.name === name) ?? null
}

/**
 * An attack's parameters: its start values, changed by a scenario's `with`.
 * @returns one sentence where a name or value is wrong
 */
export function parametersOf(
  { name, parameters }: GradientAttack,
  changes: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, number>> | string {
  const merged: Record<string, number> = { ...parameters }
  for (const [key, value] of Object.entries(changes)) {
    if (!Object.hasOwn(parameters, key)) {
      const known = Object.keys(parameters).join(', ')
      return `the attack ${name} has no parameter "${key}"; ${known === '' ? 'it has none' : `it has: ${known}`}`
    }
    if (typeof value !== 'number' || !Number.isFinite(value)) return `the parameter ${key} of ${name} must be a number`
    merged[key] = value
  }
  return merged
}

export type { AttackMemory, BatchView, GradientAttack, GradientView } from './types.ts'
export { createMemory } from './types.ts'
