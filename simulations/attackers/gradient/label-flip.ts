/**
 * Label flip: honest arithmetic on wrong targets, label l of V becomes V - 1 - l (S. P. Karimireddy, L. He and M. Jaggi, ICLR 2022;
 * V. Tolpegin et al., "Data Poisoning Attacks Against Federated Learning Systems", ESORICS 2020). In a swarm the head computes the
 * targets, so this is a lying head's; what it sends back poisons its whole lane.
 */
import type { GradientAttack } from './types.ts'

export const labelFlip: GradientAttack = {
  name: 'label-flip',
  about: 'computes its gradient against wrong targets',
  source: 'Tolpegin et al., ESORICS 2020; Karimireddy, He and Jaggi, ICLR 2022',
  parameters: {},
  forge: ({ own }) => own.slice(),
  corrupt: ({ batch: { tokens, targets }, vocabulary }) => ({
    tokens,
    targets: targets.map(target => vocabulary - 1 - target),
  }),
}
