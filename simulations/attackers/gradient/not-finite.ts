/**
 * NaN and infinities at random places, the rest honest: one of them, once it is summed, is everybody's (the extreme of P.
 * Blanchard et al., NeurIPS 2017, lemma 1: one vector decides a linear rule). The door refuses such a commit whole.
 */
import type { GradientAttack } from './types.ts'

export const notFinite: GradientAttack = {
  name: 'not-finite',
  about: 'commits its gradient with NaN and infinities among the values',
  source: 'Blanchard et al., NeurIPS 2017, lemma 1',
  parameters: { share: 0.01 },
  forge: ({ own, parameters, random }) => {
    const lie = own.map(value => (random() < parameters['share']! ? pick(random()) : value))
    // However short the vector and small the share, the lie is told.
    if (lie.every(Number.isFinite)) lie[Math.floor(random() * lie.length)] = pick(random())
    return lie
  },
}

const VALUES = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const

function pick(uniform: number): number {
  return VALUES[Math.floor(uniform * VALUES.length)]!
}
