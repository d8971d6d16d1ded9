/** Cases of the operators that are whole layers: convolutions, pooling, interpolation, recurrences. */
import { axes, float, inside, ints, type OperatorCase, x } from './case.ts'

/** Modes and coordinates of interpolation; sizes that neither divide each other nor lie on the same side of 1. */
const RESIZES: readonly OperatorCase[] = [
  { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
  { mode: 'nearest' },
  { mode: 'nearest', coordinate_transformation_mode: 'half_pixel', nearest_mode: 'round_prefer_ceil' },
  { mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' },
  { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
  { mode: 'linear', coordinate_transformation_mode: 'half_pixel_symmetric' },
  { mode: 'linear', antialias: 1 },
  { mode: 'cubic', antialias: 1 },
  { mode: 'cubic', antialias: 1, exclude_outside: 1 },
  { mode: 'cubic', coordinate_transformation_mode: 'half_pixel', cubic_coeff_a: { float: -0.5 } },
  { mode: 'cubic', coordinate_transformation_mode: 'align_corners' },
  { mode: 'cubic', exclude_outside: 1 },
].flatMap(attributes => [
  {
    name: `Resize to sizes, ${Object.values(attributes).map(String)}`,
    op: 'Resize',
    inputs: [x(1, 2, 3, 5), null, null, axes(1, 2, 5, 3)],
    attributes,
    opset: 19,
    single: true,
  },
  {
    name: `Resize by scales, ${Object.values(attributes).map(String)}`,
    op: 'Resize',
    inputs: [x(1, 1, 4, 3), null, { shape: [4], initial: [1, 1, 0.8, 2] }],
    attributes,
    opset: 19,
    single: true,
  },
])

/** Regions of two images of 5 by 4: small and large, at an edge and across it, next to nothing, and one that is empty. */
const REGIONS = [
  [0.3, 0.4, 2.9, 3.7],
  [1.1, 0.2, 3.6, 4.9],
  [-2.3, -1.7, 6.2, 7.3],
  [1.2, 1.3, 1.4, 1.6],
  [2.5, 3.1, 2.5, 3.1],
]
const ROI_ALIGNS: readonly OperatorCase[] = ['avg', 'max'].flatMap(mode =>
  [
    { what: '', opset: 16, sampling_ratio: 2 },
    { what: ', scaled', opset: 16, sampling_ratio: 1, spatial_scale: float(0.7) },
    { what: ' whose regions have samples as they are large', opset: 16, sampling_ratio: 0 },
    { what: ' of opset 10', opset: 10, sampling_ratio: 2 },
    { what: ' shifted at the end', opset: 16, sampling_ratio: 2, coordinate_transformation_mode: 'output_half_pixel' },
  ].map(({ what, opset, ...attributes }) => ({
    name: `RoiAlign ${mode}${what}`,
    op: 'RoiAlign',
    inputs: [
      x(2, 2, 5, 4),
      { shape: [5, 4], [attributes.sampling_ratio === 0 ? 'initial' : 'fixed']: REGIONS.flat() },
      ints([5], [0, 1, 1, 0, 1]),
    ],
    attributes: { ...attributes, mode, output_height: 2, output_width: 3 },
    opset,
  })),
)

export const LAYER_CASES: readonly OperatorCase[] = [
  {
    name: 'Conv',
    op: 'Conv',
    inputs: [x(2, 2, 5), x(3, 2, 3), x(3)],
    attributes: { kernel_shape: [3], strides: [2], pads: [1, 0] },
    single: true,
  },
  {
    name: 'Conv grouped, dilated',
    op: 'Conv',
    inputs: [x(1, 4, 5, 4), x(2, 2, 2, 2)],
    attributes: { kernel_shape: [2, 2], dilations: [2, 1], group: 2 },
    single: true,
  },
  {
    name: 'Conv same',
    op: 'Conv',
    inputs: [x(1, 1, 5), x(1, 1, 3)],
    attributes: { auto_pad: 'SAME_UPPER', strides: [2] },
    single: true,
  },
  {
    name: 'Conv depthwise, strided',
    op: 'Conv',
    inputs: [x(2, 3, 4, 5), x(6, 1, 2, 3)],
    attributes: { kernel_shape: [2, 3], strides: [1, 2], pads: [0, 1, 1, 1], group: 3 },
    single: true,
  },
  {
    name: 'ConvTranspose',
    op: 'ConvTranspose',
    inputs: [x(2, 2, 3), x(2, 3, 3), x(3)],
    attributes: { kernel_shape: [3], strides: [2], pads: [1, 0], output_padding: [1] },
    single: true,
  },
  {
    name: 'ConvTranspose grouped, dilated',
    op: 'ConvTranspose',
    inputs: [x(1, 4, 2, 3), x(4, 2, 2, 2)],
    attributes: { kernel_shape: [2, 2], dilations: [2, 1], group: 2 },
    single: true,
  },
  {
    name: 'ConvTranspose to a size',
    op: 'ConvTranspose',
    inputs: [x(1, 1, 3), x(1, 2, 3)],
    attributes: { kernel_shape: [3], strides: [2], output_shape: [6] },
    single: true,
  },
  {
    name: 'MaxPool with a last window in part',
    op: 'MaxPool',
    inputs: [x(1, 1, 6, 5)],
    attributes: { kernel_shape: [3, 2], strides: [2, 2], pads: [0, 1, 0, 0], ceil_mode: 1 },
    single: true,
  },
  ...[0, 1].flatMap(count_include_pad =>
    [0, 1].map(ceil_mode => ({
      name: `AveragePool padded, ${count_include_pad} ${ceil_mode}`,
      op: 'AveragePool',
      inputs: [x(1, 2, 6, 5)],
      attributes: { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1], count_include_pad, ceil_mode },
      single: true,
      opset: 19,
    })),
  ),
  ...RESIZES,
  ...ROI_ALIGNS,
  ...[
    { name: 'forward', count: 1 },
    { name: 'reverse', count: 1 },
    { name: 'bidirectional', count: 2 },
  ].flatMap(({ name: direction, count }) =>
    [
      { op: 'LSTM', gates: 4, outputs: 3, states: [x(count, 2, 2), x(count, 2, 2)] },
      { op: 'GRU', gates: 3, outputs: 2, states: [x(count, 2, 2)], more: { linear_before_reset: 1 } },
      { op: 'GRU', gates: 3, outputs: 2, states: [] },
      { op: 'RNN', gates: 1, outputs: 2, states: [x(count, 2, 2)] },
    ].map(({ op, gates, outputs, states, more }) => ({
      name: `${op} ${direction}${more ? ', reset after' : ''}`,
      op,
      inputs: [
        inside(3, 2, 3),
        inside(count, gates * 2, 3),
        inside(count, gates * 2, 2),
        inside(count, gates * 4),
        null,
        ...states,
      ],
      attributes: { hidden_size: 2, direction, ...more },
      outputs,
      single: true,
    })),
  ),
  {
    name: 'MaxPool',
    op: 'MaxPool',
    inputs: [x(1, 2, 5, 4)],
    attributes: { kernel_shape: [2, 2], strides: [2, 1] },
    outputs: 1,
    single: true,
  },
  {
    name: 'AveragePool',
    op: 'AveragePool',
    inputs: [x(1, 2, 5, 4)],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    single: true,
  },
  { name: 'GlobalAveragePool', op: 'GlobalAveragePool', inputs: [x(2, 2, 3, 2)], single: true },
  {
    name: 'LSTM with peepholes',
    op: 'LSTM',
    inputs: [inside(3, 2, 3), inside(1, 8, 3), inside(1, 8, 2), inside(1, 16), null, x(1, 2, 2), x(1, 2, 2), x(1, 6)],
    attributes: { hidden_size: 2 },
    outputs: 3,
    single: true,
  },
  { name: 'GlobalMaxPool', op: 'GlobalMaxPool', inputs: [x(2, 2, 3)], single: true },
]
