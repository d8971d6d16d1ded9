/** Where a function has no derivative, or several values tie: the gradient that PyTorch 2.15 takes there (float64, by hand). */
import { expect } from 'chai'
import { differentiate } from '../../../../node/engine/autodiff/index.ts'
import {
  type AttributeValue,
  DataType,
  floatTensor,
  intTensor,
  makeGraph,
  makeModel,
  makeNode,
  makeValueInfo,
  type Tensor,
} from '../../../../node/engine/onnx/index.ts'
import { openModel } from '../support.ts'

interface Border {
  readonly claim: string
  readonly op: string
  readonly x: readonly number[]
  readonly shape?: readonly number[]
  readonly gradient: readonly number[]
  readonly constants?: readonly (Tensor | null)[]
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly opset?: number
}

const scalar = (name: string, value: number) => floatTensor(name, [], [value])

const BORDERS: readonly Border[] = [
  { claim: 'relu has none at 0', op: 'Relu', x: [-1, 0, 1], gradient: [0, 0, 1] },
  { claim: 'abs has none at 0', op: 'Abs', x: [-2, 0, 2], gradient: [-1, 0, 1] },
  {
    claim: 'leaky relu has the small slope at 0',
    op: 'LeakyRelu',
    x: [0, 1],
    gradient: [0.25, 1],
    attributes: { alpha: { float: 0.25 } },
  },
  {
    claim: 'clamp has none at its bounds',
    op: 'Clip',
    x: [-2, -1, 0, 1, 2],
    gradient: [0, 0, 1, 0, 0],
    constants: [scalar('low', -1), scalar('high', 1)],
  },
  {
    claim: 'clamp from below alone has none at its bound',
    op: 'Clip',
    x: [-1, 0, 1],
    gradient: [0, 0, 1],
    constants: [scalar('low', 0)],
  },
  {
    claim: 'clamp with bounds that cross has none',
    op: 'Clip',
    x: [-2, 0, 2],
    gradient: [0, 0, 0],
    constants: [scalar('low', 1), scalar('high', -1)],
  },
  { claim: 'amax shares it among equals', op: 'ReduceMax', x: [3, 1, 3], gradient: [0.5, 0, 0.5] },
  { claim: 'amin shares it among equals', op: 'ReduceMin', x: [1, 1, 3, 1], gradient: [1 / 3, 1 / 3, 0, 1 / 3] },
  {
    claim: 'maximum shares it among equals',
    op: 'Max',
    x: [1, 2, 3],
    gradient: [0, 0.5, 1],
    constants: [floatTensor('other', [3], [2, 2, 2])],
  },
  { claim: 'the norm of zeros has none', op: 'ReduceL2', x: [0, 0], gradient: [0, 0] },
  { claim: 'zeros stay zeros when divided by their norm', op: 'LpNormalization', x: [0, 0], gradient: [0, 0] },
  {
    claim: 'a maximum over all places gives it to the first of equals',
    op: 'GlobalMaxPool',
    x: [1, 4, 4, 2],
    shape: [1, 1, 4],
    gradient: [0, 1, 0, 0],
  },
  {
    claim: 'a maximum over a window gives it to the first of equals',
    op: 'MaxPool',
    x: [1, 4, 4, 2],
    shape: [1, 1, 4],
    gradient: [0, 1, 0, 0],
    attributes: { kernel_shape: [4] },
  },
  {
    claim: 'x ** 0 is flat, also at 0',
    op: 'Pow',
    x: [0, 2],
    gradient: [0, 0],
    constants: [floatTensor('power', [2], [0, 0])],
  },
  { claim: 'a product with one 0 has it there alone', op: 'ReduceProd', x: [2, 0, 3], gradient: [0, 6, 0] },
  { claim: 'a product with two zeros has none', op: 'ReduceProd', x: [2, 0, 0], gradient: [0, 0, 0] },
  {
    claim: 'values taken more than once have it more than once',
    op: 'Gather',
    x: [5, 6],
    gradient: [1, 3],
    constants: [intTensor('places', [4], [1, 1, -2, -1])],
  },
  { claim: 'nothing has nothing', op: 'Exp', x: [], gradient: [] },
  { claim: 'a sum over nothing is 0', op: 'ReduceSum', x: [], shape: [0, 2], gradient: [] },
  { claim: 'hard swish at its borders', op: 'HardSwish', x: [-3, 3], gradient: [0, 1], opset: 17 },
]

describe('gradients at borders and ties', () => {
  for (const { claim, op, x, shape = [x.length], gradient, constants = [], attributes = {}, opset = 17 } of BORDERS) {
    it(claim, async () => {
      const names = constants.map(tensor => tensor?.name ?? '')
      const graph = makeGraph('g', {
        nodes: [makeNode(op, ['x', ...names], ['y'], attributes)],
        initializers: constants.flatMap(tensor => (tensor === null ? [] : [tensor])),
        inputs: [makeValueInfo('x', DataType.float32, shape)],
        outputs: [{ name: 'y', documentation: '', type: { type: DataType.float32, shape: null } }],
      })
      const model = makeModel(graph, { opsets: [{ domain: '', version: opset }] })
      const run = await openModel(differentiate(model, { withRespectTo: ['x'] }))
      const results = await run({ x: { type: DataType.float32, shape, data: x } })
      expect(results['d.x']!.map(value => Math.fround(value))).to.deep.equal(gradient.map(value => Math.fround(value)))
    })
  }
})
