/** Exports of TensorFlow, Keras and JAX with open batch and sequence axes, against their own gradients (test/vectors/engine). */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { differentiate, parametersOf } from '../../../../node/engine/autodiff/index.ts'
import { DataType, readModel } from '../../../../node/engine/onnx/index.ts'
import { type Feed, openModel, relativeError } from '../support.ts'

interface Reference {
  readonly loss: number
  readonly output: string
  readonly inputs: readonly { name: string; type: 'int32' | 'float32'; shape: number[]; data: number[] }[]
  readonly gradients: readonly { name: string; data: number[] }[]
}

const EXPORTS = [
  'keras-gru-loop-opset17',
  'keras-lstm-masked-opset17',
  'keras-conv-training-opset17',
  'tensorflow-ops-opset17',
  'jax-scan-opset23',
]
const FOLDER = new URL('../../../vectors/engine/', import.meta.url)

/** Of the largest entry; the reference is float32 too. */
const TOLERANCE = 5e-6

describe('exports of TensorFlow, Keras and JAX', () => {
  for (const name of EXPORTS) {
    it(`gets the gradients of ${name}.onnx as its framework does, without being told what is trained`, async () => {
      const reference: Reference = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'))
      const model = readModel(new Uint8Array(readFileSync(new URL(`${name}.onnx`, FOLDER))))
      const feeds: Record<string, Feed> = {}
      for (const { name: input, type, shape, data } of reference.inputs)
        feeds[input] = { type: DataType[type], shape, data }
      expect(parametersOf(model.graph)).to.include.members(reference.gradients.map(gradient => gradient.name))
      const inputShapes = Object.fromEntries(reference.inputs.map(input => [input.name, input.shape]))
      const results = await (await openModel(differentiate(model, { inputShapes })))(feeds)
      expect(results[reference.output]![0]).to.be.closeTo(reference.loss, 2e-6)
      const largest = Math.max(...reference.gradients.flatMap(({ data }) => data.map(Math.abs)))
      for (const { name: parameter, data } of reference.gradients) {
        const actual = results[`d.${parameter}`]!
        // A bias before a normalisation in training has the gradient 0: both sides round there.
        if (data.every(value => Math.abs(value) < 1e-6 * largest))
          expect(Math.max(...actual.map(Math.abs)), parameter).to.be.lessThan(1e-6 * largest)
        else expect(relativeError(actual, data), parameter).to.be.lessThan(TOLERANCE)
      }
    })
  }
})
