/**
 * Mean of all inputs: what plain data-parallel training computes. A control, not a defence: one liar moves it anywhere
 * (P. Blanchard et al., "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent", NeurIPS 2017, lemma 1).
 * With equal counts and `secondMoment: difference` it makes the run's optimiser AdamW exactly, hence the reference.
 */
import type { AggregationRule } from './types.ts'

export const mean: AggregationRule = {
  name: 'mean',
  summary: 'mean of all gradients: no protection, one liar moves it anywhere',
  minimumInputs: () => 1,
  trimCount: () => 0,
  keptCount: inputs => inputs,
  breakdown: () => 0,
  scalars: () => null,
}
