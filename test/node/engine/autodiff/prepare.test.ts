/** What comes before differentiation: constants, old operator forms, branches. */
import { expect } from 'chai'
import { differentiate, prepare } from '../../../../node/engine/autodiff/index.ts'
import {
  type AttributeValue,
  DataType,
  floatTensor,
  intTensor,
  type Model,
  makeGraph,
  makeModel,
  makeNode,
  makeValueInfo,
  type Node,
  type Tensor,
} from '../../../../node/engine/onnx/index.ts'
import { openModel, relativeError } from '../support.ts'

const SHAPE = [2, 3]
const DATA = [1, -2, 3, 0.5, 5, -6]

function model(nodes: readonly Node[], initializers: readonly Tensor[] = [], opset = 17): Model {
  const inputs = [makeValueInfo('x', DataType.float32, SHAPE)]
  const outputs = [{ name: 'y', documentation: '', type: { type: DataType.float32, shape: null } }]
  return makeModel(makeGraph('g', { nodes, initializers, inputs, outputs }), {
    opsets: [{ domain: '', version: opset }],
  })
}

function prepared(made: Model) {
  return prepare(made, { parameters: new Set() })
}

describe('constant folding', () => {
  it('turns the shape arithmetic of an exporter into constants', () => {
    const nodes = [
      makeNode('Shape', ['x'], ['shape']),
      makeNode('Gather', ['shape', 'zero'], ['rows'], { axis: 0 }),
      makeNode('Unsqueeze', ['rows', 'axis'], ['rowsList']),
      makeNode('Concat', ['rowsList', 'minusOne'], ['target'], { axis: 0 }),
      makeNode('Reshape', ['x', 'target'], ['y']),
    ]
    const constants = [intTensor('zero', [], [0]), intTensor('axis', [1], [0]), intTensor('minusOne', [1], [-1])]
    const builder = prepared(model(nodes, constants))
    expect(builder.nodes.map(node => node.opType)).to.deep.equal(['Reshape'])
    expect(builder.value('y').shape).to.deep.equal(SHAPE)
  })

  it('computes a causal mask as ONNX Runtime does', async () => {
    const nodes = [
      makeNode('ConstantOfShape', ['size'], ['ones'], { value: floatTensor('', [1], [1]) }),
      makeNode('Trilu', ['ones'], ['lower'], { upper: 0 }),
      makeNode('Cast', ['lower'], ['visible'], { to: DataType.bool }),
      makeNode('Not', ['visible'], ['hidden']),
      makeNode('Where', ['hidden', 'low', 'none'], ['mask']),
      makeNode('Slice', ['mask', 'start', 'end', 'axis', 'step'], ['part']),
      makeNode('Transpose', ['part'], ['turned'], { perm: [1, 0] }),
      makeNode('Add', ['x', 'turned'], ['y']),
    ]
    const constants = [
      intTensor('size', [2], [3, 3]),
      floatTensor('low', [], [-9]),
      floatTensor('none', [], [0]),
      intTensor('start', [1], [2]),
      intTensor('end', [1], [-100]),
      intTensor('axis', [1], [1]),
      intTensor('step', [1], [-2]),
    ]
    const made = model(nodes, constants)
    const builder = prepared(made)
    expect(builder.nodes.map(node => node.opType)).to.deep.equal(['Add'])
    const feeds = { x: { type: DataType.float32, shape: SHAPE, data: DATA } }
    const plain = await (await openModel(made))(feeds)
    const folded = await (await openModel(differentiate(made, { withRespectTo: ['x'] })))(feeds)
    expect(folded['y']).to.deep.equal(plain['y'])
  })

  it('keeps a parameter out of the folding, and folds the same tensor when it is none', () => {
    const nodes = [makeNode('Mul', ['w', 'w'], ['squares']), makeNode('Add', ['x', 'squares'], ['y'])]
    const made = model(nodes, [floatTensor('w', [3], [1, 2, 3])])
    expect(prepare(made, { parameters: new Set(['w']) }).nodes).to.have.length(2)
    expect(prepared(made).nodes).to.have.length(1)
  })

  it('takes the branch of an If whose condition is constant', async () => {
    const branch = (name: string, opType: string) =>
      makeGraph(name, {
        nodes: [makeNode(opType, ['x'], [`${name}.out`])],
        outputs: [makeValueInfo(`${name}.out`, DataType.float32, SHAPE)],
      })
    const attributes = new Map([
      ['then_branch', { kind: 'graph', value: branch('then', 'Neg') } as const],
      ['else_branch', { kind: 'graph', value: branch('else', 'Abs') } as const],
    ])
    const condition: Tensor = {
      name: 'condition',
      type: DataType.bool,
      shape: [],
      data: Uint8Array.of(1),
      documentation: '',
    }
    const made = model([{ ...makeNode('If', ['condition'], ['y']), attributes }], [condition])
    const run = await openModel(differentiate(made, { withRespectTo: ['x'] }))
    expect((await run({ x: { type: DataType.float32, shape: SHAPE, data: DATA } }))['d.x']).to.deep.equal(
      DATA.map(() => -1),
    )
  })
})

describe('old operator forms', () => {
  const OLD: readonly [opType: string, opset: number, attributes: Readonly<Record<string, AttributeValue>>][] = [
    ['Squeeze', 11, {}],
    ['Unsqueeze', 11, { axes: [0, 3] }],
    ['ReduceSum', 11, { axes: [1] }],
    ['Softmax', 11, { axis: 0 }],
    ['Softmax', 11, {}],
    ['LogSoftmax', 9, { axis: 1 }],
    ['Clip', 10, { min: { float: -1 }, max: { float: 2 } }],
    ['Dropout', 10, { ratio: { float: 0.1 } }],
    ['Slice', 9, { starts: [0], ends: [2], axes: [1] }],
    ['Pad', 10, { pads: [0, 1, 0, 2], value: { float: 3 } }],
  ]
  for (const [opType, opset, attributes] of OLD) {
    it(`computes ${opType} of opset ${opset} as before once it is brought to opset 17`, async () => {
      const made = model([makeNode(opType, ['x'], ['y'], attributes)], [], opset)
      const feeds = { x: { type: DataType.float32, shape: SHAPE, data: DATA } }
      const before = await (await openModel(made))(feeds)
      const upgraded = differentiate(made, { withRespectTo: ['x'] })
      expect(upgraded.opsets[0]).to.deep.equal({ domain: '', version: 17 })
      const after = await (await openModel(upgraded))(feeds)
      expect(relativeError(after['y']!, before['y']!)).to.be.lessThan(1e-6)
      expect(after['d.x']).to.have.length(DATA.length)
    })
  }
})
