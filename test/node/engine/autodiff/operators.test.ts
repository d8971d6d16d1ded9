/** Operators against what torch computes and differentiates in float64 (test/vectors/engine/operators.json), ties and zeros among them. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { differentiate } from '../../../../node/engine/autodiff/index.ts'
import {
  type AttributeValue,
  DataType,
  intTensor,
  makeGraph,
  makeModel,
  makeNode,
  makeValueInfo,
} from '../../../../node/engine/onnx/index.ts'
import { type Feed, openModel, relativeError } from '../support.ts'

interface VectorInput {
  readonly shape: number[]
  readonly data?: number[]
  readonly gradient?: number[]
  readonly integers?: number[]
}

interface Vector {
  readonly name: string
  readonly operator: string
  readonly opset: number
  readonly attributes: Readonly<Record<string, AttributeValue>>
  readonly inputs: readonly (VectorInput | null)[]
  readonly output: { readonly shape: number[]; readonly data: number[] }
  readonly seed: number[]
}

const FILE = new URL('../../../vectors/engine/operators.json', import.meta.url)
const VECTORS: readonly Vector[] = JSON.parse(readFileSync(FILE, 'utf8')).cases

/** Of the largest entry; what is run is float32. */
const TOLERANCE = 3e-6

function isClose(actual: readonly number[], expected: readonly number[], what: string): void {
  expect(actual.length, what).to.equal(expected.length)
  if (expected.every(value => value === 0)) expect(Math.max(...actual.map(Math.abs)), what).to.be.lessThan(TOLERANCE)
  else expect(relativeError(actual, expected), what).to.be.lessThan(TOLERANCE)
}

describe('operators as torch computes and differentiates them', () => {
  for (const { name, operator, opset, attributes, inputs, output, seed } of VECTORS) {
    it(name, async () => {
      const feeds: Record<string, Feed> = {}
      const names = inputs.map((input, index) => (input === null ? '' : `in${index}`))
      const given = inputs.flatMap((input, index) => (input === null ? [] : [{ ...input, name: `in${index}` }]))
      for (const { name: input, shape, data } of given) if (data) feeds[input] = { type: DataType.float32, shape, data }
      const graph = makeGraph('vector', {
        nodes: [makeNode(operator, names, ['y'], attributes, { name: 'node' })],
        initializers: given.flatMap(({ name: input, shape, integers }) =>
          integers ? [intTensor(input, shape, integers)] : [],
        ),
        inputs: Object.entries(feeds).map(([input, { shape }]) => makeValueInfo(input, DataType.float32, shape)),
        outputs: [makeValueInfo('y', DataType.float32, output.shape)],
      })
      const model = makeModel(graph, { opsets: [{ domain: '', version: opset }], irVersion: 8 })
      const run = await openModel(differentiate(model, { seeds: { y: 'seed' }, withRespectTo: Object.keys(feeds) }))
      const results = await run({ ...feeds, seed: { type: DataType.float32, shape: output.shape, data: seed } })
      isClose(results['y']!, output.data, 'y')
      for (const { name: input, gradient } of given)
        if (gradient) isClose(results[`d.${input}`]!, gradient, `d.${input}`)
    })
  }
})
