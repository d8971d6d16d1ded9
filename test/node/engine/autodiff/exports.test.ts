/** Real exports of PyTorch and onnxscript, read, differentiated, run, and held against torch.autograd (test/vectors/engine). */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { differentiate } from '../../../../node/engine/autodiff/index.ts'
import { DataType, readModel, writeModel } from '../../../../node/engine/onnx/index.ts'
import { type Feed, openModel, relativeError } from '../support.ts'

interface Reference {
  readonly loss: number
  readonly inputs: readonly { name: string; type: 'int64' | 'float32'; shape: number[]; data: number[] }[]
  readonly gradients: readonly { name: string; data: number[] }[]
}

const EXPORTS = [
  'gpt-opset17',
  'gpt-tanh-opset20',
  'llama-opset18',
  'mlp-opset13',
  'conv-opset17',
  'encoder-opset23',
  'lstm-opset17',
  'upscaler-training-opset13',
  'gru-opset11',
  'masked-attention-opset17',
  'masked-attention-opset24',
  'functions-opset18',
]
const FOLDER = new URL('../../../vectors/engine/', import.meta.url)

/** Of the largest entry; PyTorch itself computes in float32. */
const TOLERANCE = 5e-6

function load(name: string) {
  const reference: Reference = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'))
  const model = readModel(new Uint8Array(readFileSync(new URL(`${name}.onnx`, FOLDER))))
  const feeds: Record<string, Feed> = {}
  for (const { name: input, type, shape, data } of reference.inputs)
    feeds[input] = { type: DataType[type], shape, data }
  return { reference, model, feeds }
}

describe('exports of PyTorch and onnxscript', () => {
  for (const name of EXPORTS) {
    it(`gets the gradients of ${name}.onnx as torch.autograd does`, async () => {
      const { reference, model, feeds } = load(name)
      const withRespectTo = reference.gradients.map(gradient => gradient.name)
      const run = await openModel(differentiate(model, { withRespectTo }))
      const results = await run(feeds)
      expect(results['loss']![0]).to.be.closeTo(reference.loss, 2e-6)
      for (const { name: parameter, data } of reference.gradients) {
        expect(relativeError(results[`d.${parameter}`]!, data), parameter).to.be.lessThan(TOLERANCE)
      }
    })

    it(`reads and writes ${name}.onnx without changing what it computes`, async () => {
      const { reference, model, feeds } = load(name)
      const again = readModel(writeModel(model))
      expect(again).to.deep.equal(model)
      expect((await (await openModel(again))(feeds))['loss']![0]).to.be.closeTo(reference.loss, 2e-6)
    })
  }
})
