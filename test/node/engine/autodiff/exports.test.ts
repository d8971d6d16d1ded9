/** Real exports of PyTorch and onnxscript, read, differentiated, run, and held against torch.autograd (test/vectors/engine). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { InferenceSession } from 'onnxruntime-node'
import { differentiate } from '../../../../node/engine/autodiff/index.ts'
import { DataType, type Model, readModel, writeModel } from '../../../../node/engine/onnx/index.ts'
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
  'bert-fused-opset17',
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

/** As it is written by the level that knows no hardware; weights that it folded into others have other names. */
async function optimised(name: string): Promise<Model> {
  const folder = mkdtempSync(join(tmpdir(), 'optimised-'))
  const optimizedModelFilePath = join(folder, `${name}.onnx`)
  try {
    const path = fileURLToPath(new URL(`${name}.onnx`, FOLDER))
    const options = { graphOptimizationLevel: 'extended', optimizedModelFilePath, logSeverityLevel: 3 } as const
    const session = await InferenceSession.create(path, options)
    await session.release()
    return readModel(new Uint8Array(readFileSync(optimizedModelFilePath)))
  } finally {
    rmSync(folder, { recursive: true })
  }
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

    it(`gets those of ${name}.onnx as ONNX Runtime's optimiser fuses it, too`, async () => {
      const { reference, feeds } = load(name)
      const model = await optimised(name)
      const kept = new Set(model.graph.initializers.map(tensor => tensor.name))
      const gradients = reference.gradients.filter(gradient => kept.has(gradient.name))
      expect(gradients).to.have.length.greaterThan(0)
      const made = differentiate(model, { withRespectTo: gradients.map(gradient => gradient.name) })
      const results = await (await openModel(made))(feeds)
      for (const { name: parameter, data } of gradients)
        expect(relativeError(results[`d.${parameter}`]!, data), parameter).to.be.lessThan(TOLERANCE)
    })

    it(`reads and writes ${name}.onnx without changing what it computes`, async () => {
      const { reference, model, feeds } = load(name)
      const again = readModel(writeModel(model))
      expect(again).to.deep.equal(model)
      expect((await (await openModel(again))(feeds))['loss']![0]).to.be.closeTo(reference.loss, 2e-6)
    })
  }
})
