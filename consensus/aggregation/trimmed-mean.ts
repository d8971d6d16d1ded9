/**
 * Coordinate-wise trimmed mean: sort each coordinate's n values, drop the f smallest and the f largest, average the rest
 * (D. Yin et al., "Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates", ICML 2018).
 *
 * The default. It keeps n - 2f values where the median keeps one or two, so it loses least to noise among the rules that
 * look at one coordinate at a time; such rules need no distances between whole gradients (as Krum does), so partitions can
 * be aggregated apart. Against lies that hide inside the honest spread (G. Baruch et al., "A Little Is Enough", NeurIPS
 * 2019) it holds only with worker momentum (S. P. Karimireddy et al., "Learning from History", ICML 2021).
 */
import type { AggregationRule } from './types.ts'

export const trimmedMean: AggregationRule = {
  name: 'trimmed-mean',
  summary: 'drops the f smallest and f largest values of every coordinate, then averages',
  minimumInputs: faults => 2 * faults + 1,
  trimCount: (_inputs, faults) => faults,
  keptCount: (inputs, faults) => inputs - 2 * faults,
  breakdown: inputs => Math.floor((inputs - 1) / 2),
  scalars: () => null,
}
