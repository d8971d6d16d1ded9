/** Zero: commits nothing at all and claims the work (J. Lin, M. Du and J. Liu, "Free-riders in Federated Learning: Attacks and Defenses", 2019). */
import type { GradientAttack } from './types.ts'

export const zero: GradientAttack = {
  name: 'zero',
  about: 'commits zeros: a free rider',
  source: 'Lin, Du and Liu 2019',
  parameters: {},
  forge: ({ own }) => new Float32Array(own.length),
}
