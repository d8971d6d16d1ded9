/** Every rule of the gradient table against central differences, in float64 wherever ONNX Runtime has the kernel. */
import { expect } from 'chai'
import { DifferentiationError, differentiate, GRADIENTS } from '../../../../node/engine/autodiff/index.ts'
import { tensorOf } from '../../../../node/engine/autodiff/values.ts'
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
  type Tensor,
} from '../../../../node/engine/onnx/index.ts'
import { type Feed, openModel, product, type Runner, random, relativeError } from '../support.ts'
import type { InputCase, OperatorCase } from './case.ts'
import { CASES } from './cases.ts'

/** Step and tolerance: truncation h^2 against rounding epsilon / h. What is written out in other operators may round otherwise. */
const DOUBLE = { type: DataType.float64, step: 1e-5, tolerance: 2e-7, forward: 1e-12 }
const SINGLE = { type: DataType.float32, step: 2e-2, tolerance: 1.5e-2, forward: 2e-6 }

describe('gradient rules against central differences', () => {
  for (const test of CASES) {
    it(`${test.name}`, async () => {
      const precision = test.single ? SINGLE : DOUBLE
      const { model, feeds, targets, outputs } = build(test, precision.type)
      const forward = await openModel(model)
      const seeds = Object.fromEntries(outputs.map(name => [name, `seed.${name}`]))
      const backward = await openModel(differentiate(model, { outputs, seeds, withRespectTo: targets }))
      const values = await forward(feeds)
      const next = random(7)
      const weights = Object.fromEntries(outputs.map(name => [name, values[name]!.map(() => next() - 0.5)]))
      const shapes = new Map(
        differentiate(model, { outputs, withRespectTo: targets }).graph.outputs.map(info => [
          info.name,
          info.type?.shape?.map(Number) ?? [],
        ]),
      )
      const seedFeeds = Object.fromEntries(
        outputs.map(name => [`seed.${name}`, { type: precision.type, shape: shapes.get(name)!, data: weights[name]! }]),
      )
      const gradients = await backward({ ...feeds, ...seedFeeds })
      for (const name of outputs)
        expect(relativeError(gradients[name]!, values[name]!), name).to.be.lessThan(precision.forward)
      for (const target of targets) {
        const expected = await differences(forward, feeds, target, weights, precision.step)
        const actual = gradients[`d.${target}`]!
        expect(actual.length, target).to.equal(expected.length)
        if (expected.every(value => Math.abs(value) < 1e-9))
          expect(Math.max(...actual.map(Math.abs)), target).to.be.lessThan(1e-6)
        else expect(relativeError(actual, expected), `d.${target}`).to.be.lessThan(precision.tolerance)
      }
    })
  }

  it('covers every rule that gives a gradient', () => {
    const covered = new Set(CASES.map(({ op, domain }) => (domain ? `${domain}.${op}` : op)))
    const uncovered = Object.entries(GRADIENTS).filter(([key, rule]) => rule.length > 0 && !covered.has(key))
    expect(uncovered.map(([key]) => key)).to.deep.equal([])
  })
})

interface Built {
  readonly model: Model
  readonly feeds: Record<string, Feed>
  readonly targets: string[]
  readonly outputs: string[]
}

function build(test: OperatorCase, type: DataType): Built {
  const next = random(test.name.length * 31 + 5)
  const feeds: Record<string, Feed> = {}
  const initializers: Tensor[] = []
  const targets: string[] = []
  const inputs = test.inputs.map((input, index) => {
    if (input === null) return ''
    const name = `in${index}`
    if (input.initial !== undefined) initializers.push(tensorOf(name, type, input.shape, input.initial))
    else if (input.constant !== undefined && !input.bool)
      initializers.push(intTensor(name, input.shape, input.constant))
    else feeds[name] = feedOf(input, type, next)
    const { constant, fixed, initial, whole } = input
    if ([constant, fixed, initial, whole].every(given => given === undefined)) targets.push(name)
    return name
  })
  const places = test.places ?? Array.from({ length: test.outputs ?? 1 }, (_, index) => index)
  const outputs = places.map(place => `out${place}`)
  const all = Array.from({ length: Math.max(...places) + 1 }, (_, place) =>
    places.includes(place) ? `out${place}` : '',
  )
  const padded = test.op === 'TopK' ? [...all, 'indices'] : all
  const node = makeNode(test.op, inputs, padded, test.attributes ?? {}, { name: 'node', domain: test.domain ?? '' })
  const graph = makeGraph('case', {
    nodes: [node],
    initializers,
    inputs: Object.entries(feeds).map(([name, feed]) => makeValueInfo(name, feed.type, feed.shape)),
    outputs: outputs.map(name => ({ name, documentation: '', type: { type, shape: null } })),
  })
  const opset = test.opset ?? 17
  const opsets = [{ domain: '', version: opset }, ...(test.domain ? [{ domain: test.domain, version: 1 }] : [])]
  return { model: makeModel(graph, { opsets, irVersion: opset >= 21 ? 10 : 8 }), feeds, targets, outputs }
}

function feedOf(input: InputCase, type: DataType, next: () => number): Feed {
  const { shape } = input
  if (input.constant !== undefined) return { type: DataType.bool, shape, data: input.constant }
  if (input.whole !== undefined) return { type: DataType.int32, shape, data: input.whole }
  if (input.fixed !== undefined) return { type, shape, data: input.fixed }
  if (input.values !== undefined) return { type, shape, data: input.values }
  const count = product(shape)
  const [low, high] = input.between ?? [-1.6, 1.6]
  // Evenly spaced and shuffled, so that no two values are close: maxima do not change within a step.
  const data = Array.from({ length: count }, (_, at) => low + ((at + 0.2 + 0.6 * next()) / count) * (high - low))
  const order = data.map(value => ({ value, key: next() })).sort((a, b) => a.key - b.key)
  return {
    type,
    shape,
    data: order.map(({ value }) => (input.between === undefined && Math.abs(value) < 0.05 ? value + 0.1 : value)),
  }
}

async function differences(
  forward: Runner,
  feeds: Record<string, Feed>,
  target: string,
  weights: Record<string, number[]>,
  step: number,
): Promise<number[]> {
  const feed = feeds[target]!
  const at = async (index: number, delta: number) => {
    const results = await forward({
      ...feeds,
      [target]: { ...feed, data: feed.data.with(index, feed.data[index]! + delta) },
    })
    return Object.entries(weights).reduce(
      (sum, [name, list]) => sum + list.reduce((part, weight, i) => part + weight * results[name]![i]!, 0),
      0,
    )
  }
  const gradient: number[] = []
  for (const index of feed.data.keys()) gradient.push(((await at(index, step)) - (await at(index, -step))) / (2 * step))
  return gradient
}

describe('differentiate', () => {
  const vector = (name: string) => makeValueInfo(name, DataType.float32, [2])

  it('names the node and the operator that has no rule, when it is on the path of a gradient', () => {
    const nodes = [makeNode('Exp', ['x'], ['e']), makeNode('Det', ['e'], ['y'], {}, { name: 'odd-one' })]
    const model = makeModel(makeGraph('g', { nodes, inputs: [vector('x')], outputs: [vector('y')], valueInfo: [] }))
    expect(() => differentiate(model, { withRespectTo: ['x'] })).to.throw(DifferentiationError, /odd-one.*Det/)
  })

  it('does not overlook what a branch takes from outside: a condition that is not constant is an error', () => {
    const branch = (name: string, opType: string) => ({
      kind: 'graph' as const,
      value: makeGraph(name, { nodes: [makeNode(opType, ['x'], [name])], outputs: [vector(name)] }),
    })
    const attributes = new Map([
      ['then_branch', branch('then', 'Exp')],
      ['else_branch', branch('else', 'Neg')],
    ])
    const nodes = [
      { ...makeNode('If', ['condition'], ['chosen'], {}, { name: 'fork' }), attributes },
      makeNode('Add', ['chosen', 'x'], ['y']),
    ]
    const inputs = [vector('x'), makeValueInfo('condition', DataType.bool, [])]
    const model = makeModel(makeGraph('g', { nodes, inputs, outputs: [vector('y')], valueInfo: [vector('chosen')] }))
    expect(() => differentiate(model, { withRespectTo: ['x'] })).to.throw(DifferentiationError, /fork.*If/)
  })

  it('names the node that no shape is known of, also where the output comes long after it', () => {
    const nodes = [makeNode('Unique', ['x'], ['u'], {}, { name: 'first' }), makeNode('Exp', ['u'], ['y'])]
    const open = { name: 'y', documentation: '', type: { type: DataType.float32, shape: null } }
    const model = makeModel(makeGraph('g', { nodes, inputs: [vector('x')], outputs: [open] }))
    expect(() => differentiate(model, { withRespectTo: ['x'] })).to.throw(DifferentiationError, /first.*Unique/)
  })

  it('differentiates the first output of floating point numbers, and refuses one of whole numbers by its name', async () => {
    const nodes = [makeNode('ArgMax', ['s'], ['label'], { axis: 0 }), makeNode('Exp', ['x'], ['s'])].reverse()
    const outputs = [makeValueInfo('label', DataType.int64, [1]), vector('s')]
    const model = makeModel(makeGraph('g', { nodes, inputs: [vector('x')], outputs }))
    const run = await openModel(differentiate(model, { withRespectTo: ['x'] }))
    const results = await run({ x: { type: DataType.float32, shape: [2], data: [0, 1] } })
    expect(relativeError(results['d.x']!, [1, Math.E])).to.be.lessThan(1e-6)
    const refused = () => differentiate(model, { outputs: ['label'], withRespectTo: ['x'] })
    expect(refused).to.throw(DifferentiationError, /'label' does not hold floating point numbers/)
  })

  it('names node and operator where it uses a part that is not covered, or one that is not covered at all', () => {
    const refused = (
      opType: string,
      attributes: Readonly<Record<string, AttributeValue>>,
      inputs: readonly string[],
    ) => {
      const nodes = [makeNode(opType, inputs, ['y'], attributes, { name: 'odd-one' })]
      const image = makeValueInfo('x', DataType.float32, [1, 1, 2, 2])
      const grid = makeValueInfo('grid', DataType.float32, [1, 2, 2, 2])
      const open = { name: 'y', documentation: '', type: { type: DataType.float32, shape: null } }
      const model = makeModel(makeGraph('g', { nodes, inputs: [image, grid], outputs: [open] }))
      return () => differentiate(model, { withRespectTo: ['x'] })
    }
    const inPart = (opType: string) => new RegExp(`'odd-one' \\(${opType}\\) uses a part of this operator`)
    expect(refused('GridSample', { mode: 'odd' }, ['x', 'grid'])).to.throw(DifferentiationError, inPart('GridSample'))
    expect(refused('STFT', {}, ['x', 'grid'])).to.throw(DifferentiationError, inPart('STFT'))
    expect(refused('AffineGrid', {}, ['x', 'grid'])).to.throw(DifferentiationError, inPart('AffineGrid'))
    const scatter = refused('ScatterElements', { reduction: 'odd' }, ['x', 'grid', 'x'])
    expect(scatter).to.throw(DifferentiationError, /'odd-one' \(ScatterElements\).*reduction 'odd'/)
    expect(refused('Unique', {}, ['x'])).to.throw(DifferentiationError, /'odd-one' \(Unique\) is an operator/)
    const inverse = refused('DFT', { axis: 1, inverse: 1, onesided: 1 }, ['x'])
    expect(inverse).to.throw(DifferentiationError, /'odd-one' \(DFT\) is inverse and one-sided/)
    expect(refused('SequenceAt', {}, ['x', 'grid'])).to.throw(
      DifferentiationError,
      /'odd-one' \(SequenceAt\) uses a sequence/,
    )
  })

  it('refuses the gradient of a range that begins at a parameter, instead of taking it for 0', () => {
    const scalar = (name: string, value: number) => floatTensor(name, [], [value])
    const initializers = [scalar('start', 0.5), scalar('limit', 2), scalar('step', 1)]
    const nodes = [
      makeNode('Range', ['start', 'limit', 'step'], ['r'], {}, { name: 'ruler' }),
      makeNode('Mul', ['r', 'x'], ['y']),
    ]
    const model = makeModel(makeGraph('g', { nodes, initializers, inputs: [vector('x')], outputs: [vector('y')] }))
    expect(() => differentiate(model, { withRespectTo: ['start'] })).to.throw(DifferentiationError, /ruler.*Range/)
  })

  it('refuses a gradient that a rule does not give, instead of taking it for 0', () => {
    const nodes = [makeNode('SoftmaxCrossEntropyLoss', ['x', 'labels', 'weights'], ['y'], {}, { name: 'loss' })]
    const inputs = [makeValueInfo('x', DataType.float32, [1, 2]), makeValueInfo('labels', DataType.int64, [1])]
    const outputs = [makeValueInfo('y', DataType.float32, [])]
    const model = makeModel(makeGraph('g', { nodes, inputs: [...inputs, vector('weights')], outputs }))
    expect(() => differentiate(model, { withRespectTo: ['weights'] })).to.throw(DifferentiationError, /loss.*input 2/)
  })

  it('leaves nodes alone that are off the path, whether it knows them or not', async () => {
    const nodes = [makeNode('Exp', ['x'], ['y']), makeNode('Acosh', ['z'], ['w'])]
    const outputs = [vector('y'), vector('w')]
    const model = makeModel(makeGraph('g', { nodes, inputs: [vector('x'), vector('z')], outputs }))
    const run = await openModel(differentiate(model, { withRespectTo: ['x'] }))
    const feed = (data: number[]): Feed => ({ type: DataType.float32, shape: [2], data })
    const results = await run({ x: feed([0, 1]), z: feed([1, 1]) })
    expect(results['w']).to.deep.equal([0, 0])
    expect(relativeError(results['d.x']!, [1, Math.E])).to.be.lessThan(1e-6)
  })

  it('gives zeros for a value that the output does not depend on', async () => {
    const model = makeModel(
      makeGraph('g', {
        nodes: [makeNode('Exp', ['x'], ['y'])],
        inputs: [vector('x'), vector('z')],
        outputs: [vector('y')],
      }),
    )
    const run = await openModel(differentiate(model, { withRespectTo: ['z'] }))
    const feed: Feed = { type: DataType.float32, shape: [2], data: [1, 2] }
    expect((await run({ x: feed, z: feed }))['d.z']).to.deep.equal([0, 0])
  })

  it('adds up the gradients of a value that is used more than once', async () => {
    const nodes = [makeNode('Mul', ['x', 'x'], ['square']), makeNode('Add', ['square', 'x'], ['y'])]
    const model = makeModel(makeGraph('g', { nodes, inputs: [vector('x')], outputs: [vector('y')] }))
    const run = await openModel(differentiate(model, { withRespectTo: ['x'] }))
    expect((await run({ x: { type: DataType.float32, shape: [2], data: [3, -1] } }))['d.x']).to.deep.equal([7, -1])
  })

  it('gives an embedding gradient as rows on request', async () => {
    const nodes = [makeNode('Gather', ['table', 'ids'], ['rows']), makeNode('Mul', ['rows', 'rows'], ['y'])]
    const inputs = [makeValueInfo('table', DataType.float32, [3, 2]), makeValueInfo('ids', DataType.int64, [2, 2])]
    const model = makeModel(
      makeGraph('g', { nodes, inputs, outputs: [makeValueInfo('y', DataType.float32, [2, 2, 2])] }),
    )
    const run = await openModel(differentiate(model, { withRespectTo: [], rowsOf: ['table'] }))
    const results = await run({
      table: { type: DataType.float32, shape: [3, 2], data: [1, 2, 3, 4, 5, 6] },
      ids: { type: DataType.int64, shape: [2, 2], data: [2, 0, 0, 1] },
    })
    expect(results['rows.table']).to.deep.equal([10, 12, 2, 4, 2, 4, 6, 8])
  })

  it('asks for the size of a symbolic dimension by its name', () => {
    const inputs = [makeValueInfo('x', DataType.float32, ['batch', 2])]
    const model = makeModel(makeGraph('g', { nodes: [makeNode('Exp', ['x'], ['y'])], inputs, outputs: [vector('y')] }))
    expect(() => differentiate(model, { withRespectTo: ['x'] })).to.throw(DifferentiationError, /'x'.*'batch'/)
    const made = differentiate(model, { withRespectTo: ['x'], dimensions: { batch: 3 } })
    expect(made.graph.outputs.at(-1)?.type?.shape).to.deep.equal([3, 2])
  })

  it('emits no node that its outputs do not need', () => {
    const nodes = [makeNode('MatMul', ['x', 'w'], ['h']), makeNode('Tanh', ['h'], ['y'])]
    const inputs = [makeValueInfo('x', DataType.float32, [2, 2]), makeValueInfo('w', DataType.float32, [2, 2])]
    const model = makeModel(makeGraph('g', { nodes, inputs, outputs: [makeValueInfo('y', DataType.float32, [2, 2])] }))
    const { graph } = differentiate(model, { withRespectTo: ['w'] })
    const used = new Set([...graph.nodes.flatMap(node => node.inputs), ...graph.outputs.map(output => output.name)])
    expect(graph.nodes.filter(node => !node.outputs.some(name => used.has(name)))).to.deep.equal([])
    // One product forward, one for dw; none for dx.
    expect(graph.nodes.filter(node => ['MatMul', 'Gemm'].includes(node.opType))).to.have.length(2)
  })
})
