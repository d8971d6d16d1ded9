/** What is trained, and what shapes a model is differentiated at, where the caller does not say. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { DifferentiationError, differentiate, parametersOf } from '../../../../node/engine/autodiff/index.ts'
import {
  DataType,
  floatTensor,
  intTensor,
  makeGraph,
  makeModel,
  makeNode,
  makeValueInfo,
  readModel,
  type Tensor,
} from '../../../../node/engine/onnx/index.ts'
import { openModel } from '../support.ts'

describe('what is trained unless it is named', () => {
  it('is told from constants by where it stands', () => {
    const nodes = [
      makeNode('MatMul', ['x', 'kernel'], ['product']),
      makeNode('Squeeze', ['product', 'axis'], ['flat']),
      makeNode('Add', ['flat', 'bias'], ['biased']),
      makeNode('PRelu', ['biased', 'slope'], ['sloped']),
      makeNode('Add', ['sloped', 'epsilon'], ['moved']),
      makeNode('Mul', ['moved', 'half'], ['halved']),
      makeNode('Mul', ['sizes', 'scales'], ['scaled']),
      makeNode('Cast', ['scaled'], ['shape'], { to: DataType.int64 }),
      makeNode('Expand', ['halved', 'shape'], ['y']),
    ]
    const one = (name: string, shape: readonly number[]) => floatTensor(name, shape, [0.5])
    const graph = makeGraph('g', {
      nodes,
      initializers: [
        floatTensor('kernel', [3, 1], [1, 2, 3]),
        one('bias', [1]),
        one('slope', [1]),
        one('epsilon', [1]),
        one('half', []),
        floatTensor('scales', [2], [2, 1]),
        floatTensor('sizes', [2], [2, 2]),
        floatTensor('unused', [2], [2, 2]),
        intTensor('axis', [1], [1]),
      ],
      inputs: [makeValueInfo('x', DataType.float32, [2, 3])],
      outputs: [{ name: 'y', documentation: '', type: { type: DataType.float32, shape: null } }],
    })
    expect(parametersOf(graph)).to.deep.equal(['kernel', 'bias', 'slope', 'unused'])
    const made = differentiate(makeModel(graph))
    expect(made.graph.outputs.map(({ name }) => name)).to.deep.equal(['y', 'd.kernel', 'd.bias', 'd.slope', 'd.unused'])
  })

  const positions = Array.from({ length: 6 }, (_, at) => at)
  const angles = positions.flatMap(position => [1, 0.1, 0.01, 0.001].map(frequency => position * frequency))
  const one = floatTensor('w', [6, 4], angles.map(Math.sqrt))
  const TABLES: readonly [what: string, tables: readonly Tensor[], weights: readonly Tensor[]][] = [
    [
      'the cosines and sines of positions, scaled or not',
      [
        floatTensor('cos', [1, 6, 4], angles.map(Math.cos)),
        floatTensor('sin', [1, 6, 4], angles.map(Math.sin)),
        floatTensor(
          'largerCos',
          [6, 4],
          angles.map(angle => 1.3 * Math.cos(angle)),
        ),
        floatTensor(
          'largerSin',
          [6, 4],
          angles.map(angle => 1.3 * Math.sin(angle)),
        ),
      ],
      [one],
    ],
    [
      'ones and zeros of one shape',
      [],
      [floatTensor('a', [2, 3], [1, 1, 1, 1, 1, 1]), floatTensor('b', [2, 3], [0, 0, 0, 0, 0, 0])],
    ],
    [
      'masks of three kinds',
      [Number.NEGATIVE_INFINITY, -3.4e38, -100].map((hidden, at) =>
        floatTensor(`mask${at}`, [1, 2, 2], [0, hidden, 0, 0]),
      ),
      [floatTensor('low', [2, 2], [0, -100, 0, 1e-3]), floatTensor('bias', [4], [0, -200, 0, 0])],
    ],
    [
      'frequencies and slopes',
      [
        floatTensor(
          'inverse',
          [1, 8, 1],
          positions.concat(6, 7).map(at => 10_000 ** (-at / 8)),
        ),
        floatTensor('rotary_emb.inv_freq', [3], [1, 0.3, 0.001]),
        floatTensor('slopes', [4], [0.25, 0.0625, 0.015625, 0.00390625]),
      ],
      [
        floatTensor('few', [3], [1, 0.5, 0.25]),
        floatTensor('ones', [4], [1, 1, 1, 1]),
        floatTensor('s', [4], [8, 4, 2, 0.9]),
      ],
    ],
  ]
  for (const [what, tables, weights] of TABLES) {
    it(`is told from tables by their values: ${what}`, () => {
      const all = [...tables, ...weights]
      const graph = makeGraph('g', {
        nodes: all.map(({ name }) => makeNode('Mul', ['x', name], [`${name}.y`])),
        initializers: all,
        inputs: [makeValueInfo('x', DataType.float32, [])],
        outputs: all.map(({ name, shape }) => makeValueInfo(`${name}.y`, DataType.float32, shape)),
      })
      expect(parametersOf(graph)).to.deep.equal(weights.map(({ name }) => name))
    })
  }

  it('is in an export of Llama, which keeps angles and mask beside the weights, what torch trains', () => {
    const file = (ending: string) => new URL(`../../../vectors/engine/llama-opset18.${ending}`, import.meta.url)
    const { graph } = readModel(new Uint8Array(readFileSync(file('onnx'))))
    const reference: { gradients: { name: string }[] } = JSON.parse(readFileSync(file('json'), 'utf8'))
    expect(parametersOf(graph)).to.have.members(reference.gradients.map(({ name }) => name))
  })

  for (const isTraining of [0, 1]) {
    it(`is not the statistics of a normalisation, training_mode = ${isTraining}`, () => {
      const names = ['scale', 'shift', 'mean', 'variance']
      const outputs = isTraining ? ['y', 'newMean', 'newVariance'] : ['y']
      const graph = makeGraph('g', {
        nodes: [makeNode('BatchNormalization', ['x', ...names], outputs, { training_mode: isTraining })],
        initializers: names.map(name => floatTensor(name, [2], [1, 2])),
        inputs: [makeValueInfo('x', DataType.float32, [3, 2])],
        outputs: outputs.map((name, at) => makeValueInfo(name, DataType.float32, at === 0 ? [3, 2] : [2])),
      })
      expect(parametersOf(graph)).to.deep.equal(['scale', 'shift'])
      const made = differentiate(makeModel(graph), { withRespectTo: isTraining ? ['scale'] : ['mean', 'variance'] })
      expect(made.graph.outputs).to.have.length(outputs.length + (isTraining ? 1 : 2))
    })
  }

  it('is in Constant nodes where a file has no initializers to train', async () => {
    const nodes = [
      makeNode('Constant', [], ['kernel'], { value: floatTensor('', [2, 2], [1, 2, 3, 4]) }),
      makeNode('Constant', [], ['bias'], { value: floatTensor('', [2], [1, 2]) }),
      makeNode('Constant', [], ['factors'], { value: floatTensor('', [2], [1, 2]) }),
      makeNode('MatMul', ['x', 'kernel'], ['product']),
      makeNode('Add', ['bias', 'product'], ['sum']),
      makeNode('Mul', ['sum', 'factors'], ['y']),
    ]
    const graph = makeGraph('g', {
      nodes,
      inputs: [makeValueInfo('x', DataType.float32, [1, 2])],
      outputs: [makeValueInfo('y', DataType.float32, [1, 2])],
    })
    expect(parametersOf(graph)).to.deep.equal(['kernel', 'bias'])
    const results = await (await openModel(differentiate(makeModel(graph))))({
      x: { type: DataType.float32, shape: [1, 2], data: [3, 5] },
    })
    expect(results['d.kernel']).to.deep.equal([3, 6, 5, 10])
    expect(results['d.bias']).to.deep.equal([1, 2])
  })
})

describe('shapes of inputs', () => {
  const graph = makeGraph('g', {
    nodes: [makeNode('Mul', ['x', 'mask'], ['masked']), makeNode('MatMul', ['masked', 'w'], ['y'])],
    initializers: [floatTensor('w', [2, 2], [1, 2, 3, 4])],
    inputs: [
      makeValueInfo('x', DataType.float32, ['batch', 'width']),
      makeValueInfo('mask', DataType.float32, ['batch', 1]),
    ],
    outputs: [makeValueInfo('y', DataType.float32, ['batch', 2])],
  })

  it('tell each other the sizes of dimensions of one name', () => {
    const made = differentiate(makeModel(graph), { inputShapes: { x: [3, 2] }, withRespectTo: ['mask'] })
    expect(made.graph.outputs.at(-1)?.type?.shape).to.deep.equal([3, 1])
  })

  it('that contradict each other tell nothing', () => {
    const third = makeValueInfo('z', DataType.float32, ['batch'])
    const model = makeModel({ ...graph, inputs: [...graph.inputs, third] })
    const given = () => differentiate(model, { inputShapes: { x: [3, 2], mask: [1, 1] } })
    expect(given).to.throw(DifferentiationError, /'z' has the dimension 'batch'/)
  })
})

describe('parameters of 16 and 64 bits, of rank 0 and used twice', () => {
  for (const type of [DataType.float64, DataType.float16, DataType.bfloat16]) {
    it(`have gradients of their own type (${type})`, () => {
      const made = differentiate(
        makeModel(
          makeGraph('g', {
            nodes: [
              makeNode('MatMul', ['x', 'w'], ['a']),
              makeNode('MatMul', ['a', 'w'], ['b']),
              makeNode('Mul', ['b', 's'], ['c']),
              makeNode('Gather', ['c', 'ids'], ['d']),
              makeNode('ReduceMean', ['d'], ['loss'], { keepdims: 0 }),
            ],
            initializers: [intTensor('ids', [3], [0, 0, 1])],
            inputs: [makeValueInfo('x', type, [2, 2]), makeValueInfo('w', type, [2, 2]), makeValueInfo('s', type, [])],
            outputs: [makeValueInfo('loss', type, [])],
          }),
        ),
        { withRespectTo: ['w', 's'] },
      )
      const gradients = made.graph.outputs.slice(1).map(output => output.type)
      expect(gradients).to.deep.equal([
        { type, shape: [2, 2] },
        { type, shape: [] },
      ])
    })
  }

  it('have the sum of what all their uses give', async () => {
    const graph = makeGraph('g', {
      nodes: [
        makeNode('MatMul', ['x', 'w'], ['a']),
        makeNode('MatMul', ['a', 'w'], ['b']),
        makeNode('Mul', ['b', 's'], ['y']),
      ],
      initializers: [floatTensor('w', [2, 2], [1, 2, 3, 4]), floatTensor('s', [], [2])],
      // As files from before IR version 4 have it.
      inputs: [
        makeValueInfo('x', DataType.float32, [1, 2]),
        makeValueInfo('w', DataType.float32, [2, 2]),
        makeValueInfo('s', DataType.float32, []),
      ],
      outputs: [makeValueInfo('y', DataType.float32, [1, 2])],
    })
    const run = await openModel(differentiate(makeModel(graph, { irVersion: 3 }), { withRespectTo: ['w', 's'] }))
    const results = await run({ x: { type: DataType.float32, shape: [1, 2], data: [1, 1] } })
    // x w = [4, 6], y = 2 [22, 32]; dw = x' (2 [1, 1] w') + (x w)' 2 [1, 1].
    expect(results['d.w']).to.deep.equal([6 + 8, 14 + 8, 6 + 12, 14 + 12])
    expect(results['d.s']).to.deep.equal([54])
  })
})
