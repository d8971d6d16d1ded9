/** Cases of operators that sample, scatter and transform: what is tied or not covered by torch stands beside its vectors. */
import { axes, type InputCase, inside, ints, type OperatorCase, positive, x } from './case.ts'

/** Places between those of the image, away from the jumps of the nearest. */
const grid = (...shape: number[]): InputCase => ({ shape, between: [-0.83, 0.79] })

export const SIGNAL_CASES: readonly OperatorCase[] = [
  ...['linear', 'cubic'].flatMap(mode =>
    [0, 1].map(align_corners => ({
      name: `GridSample ${mode} ${align_corners}`,
      op: 'GridSample',
      inputs: [x(1, 2, 3, 4), grid(1, 2, 3, 2)],
      attributes: { mode, align_corners, padding_mode: 'border' },
      opset: 20,
    })),
  ),
  { name: 'AffineGrid', op: 'AffineGrid', inputs: [x(1, 2, 3), axes(1, 1, 2, 3)], opset: 20, single: true },
  ...[1, 2, 3].map(p => ({
    name: `LpPool ${p}, padded, with a last window in part`,
    op: 'LpPool',
    inputs: [x(1, 2, 6, 5)],
    attributes: { p, kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1], ceil_mode: 1 },
    opset: 18,
    single: true,
  })),
  {
    name: 'LpPool same',
    op: 'LpPool',
    inputs: [x(1, 1, 7)],
    attributes: { kernel_shape: [3], strides: [2], auto_pad: 'SAME_LOWER' },
    opset: 18,
    single: true,
  },
  { name: 'GlobalLpPool', op: 'GlobalLpPool', inputs: [x(2, 2, 3)], attributes: { p: 3 }, single: true },
  {
    name: 'MaxUnpool',
    op: 'MaxUnpool',
    inputs: [x(1, 2, 2), ints([1, 2, 2], [1, 2, 4, 7])],
    attributes: { kernel_shape: [2], strides: [2] },
    single: true,
  },
  {
    name: 'Col2Im',
    op: 'Col2Im',
    inputs: [x(1, 4, 4), axes(3, 4), axes(2, 2)],
    attributes: { pads: [0, 1, 0, 0], strides: [1, 2] },
    opset: 18,
    single: true,
  },
  { name: 'DFT', op: 'DFT', inputs: [x(1, 4, 2)], attributes: { axis: 1 }, opset: 17 },
  { name: 'DFT one-sided', op: 'DFT', inputs: [x(1, 5, 1)], attributes: { axis: 1, onesided: 1 }, opset: 17 },
  { name: 'DFT cut off', op: 'DFT', inputs: [x(1, 5, 2), ints([], [3])], attributes: { inverse: 1 }, opset: 20 },
  { name: 'STFT', op: 'STFT', inputs: [x(1, 8, 1), ints([], [2]), positive(4)], opset: 17 },
  {
    name: 'ReverseSequence',
    op: 'ReverseSequence',
    inputs: [x(3, 2, 2), ints([2], [3, 2])],
    attributes: { time_axis: 0, batch_axis: 1 },
  },
  ...['max', 'min', 'mul'].flatMap(reduction => [
    {
      name: `ScatterElements ${reduction}`,
      op: 'ScatterElements',
      inputs: [x(3, 3), ints([2, 2], [0, -1, 0, 2]), x(2, 2)],
      attributes: { axis: 1, reduction },
      opset: 18,
    },
    {
      name: `ScatterND ${reduction}`,
      op: 'ScatterND',
      inputs: [x(3, 2, 2), ints([2, 2], [0, 1, 2, -2]), x(2, 2)],
      attributes: { reduction },
      opset: 18,
    },
  ]),
  {
    name: 'RNN with its own activations',
    op: 'RNN',
    inputs: [inside(3, 2, 3), inside(1, 2, 3), inside(1, 2, 2), inside(1, 4)],
    attributes: { hidden_size: 2, activations: ['Softsign'] },
    outputs: 2,
    single: true,
  },
  {
    name: 'LSTM with hard gates',
    op: 'LSTM',
    inputs: [inside(2, 2, 3), inside(1, 8, 3), inside(1, 8, 2), inside(1, 16)],
    attributes: { hidden_size: 2, activations: ['HardSigmoid', 'Softsign', 'Tanh'] },
    outputs: 3,
    single: true,
  },
  { name: 'Einsum over a diagonal', op: 'Einsum', inputs: [x(3, 3), x(3, 2)], attributes: { equation: 'ii,ij->j' } },
]
