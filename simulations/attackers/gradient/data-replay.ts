/**
 * Data replay: honest arithmetic, always on the first micro-batch, so that the model is pulled towards one text (I. Shumailov et
 * al., "Manipulating SGD with Data Ordering Attacks", NeurIPS 2021: batches chosen from the clean data, none altered).
 */
import type { GradientAttack } from './types.ts'

export const dataReplay: GradientAttack = {
  name: 'data-replay',
  about: 'computes its gradient on the same micro-batch in every round',
  source: 'Shumailov et al., NeurIPS 2021',
  parameters: {},
  forge: ({ own }) => own.slice(),
  corrupt: ({ batch, memory: { batches } }) => {
    const first = batches.get('data-replay') ?? batch
    batches.set('data-replay', first)
    return first
  },
}
