/** The ways out: a standalone ONNX file, and safetensors. */
import { expect } from 'chai'
import fc from 'fast-check'
import {
  buildStageGraphs,
  exportModel,
  exportSafetensors,
  readSafetensors,
  SafetensorsError,
  type SafetensorsFault,
} from '../../../../node/engine/models/index.ts'
import { DataType, readModel } from '../../../../node/engine/onnx/index.ts'
import { openModel, relativeError } from '../support.ts'
import { CONFIG, drawParameters, drawTokens, parameterFeeds, SEQUENCES, WHOLE } from './support.ts'

const parameters = drawParameters(4)

describe('a model exported as ONNX', () => {
  const file = exportModel(CONFIG, parameters, [{ key: 'round', value: '7' }])

  it('gives the logits of the training graphs', async () => {
    const graphs = buildStageGraphs(CONFIG, WHOLE, SEQUENCES)
    const tokens = drawTokens(1)
    const expected = (
      await (
        await openModel(graphs.logits!)
      )({ ...parameterFeeds(parameters, graphs.parameters), tokens })
    )['logits']!
    const run = await openModel(file)
    const first = { type: DataType.int64, shape: [1, CONFIG.sequence], data: tokens.data.slice(0, CONFIG.sequence) }
    const actual = (await run({ tokens: first }))['logits']!
    expect(relativeError(actual, expected.slice(0, actual.length))).to.be.lessThan(1e-5)
  })

  it('has standard operators alone, its weights inside, and one input', () => {
    const model = readModel(file)
    expect(model.opsets).to.deep.equal([{ domain: '', version: 17 }])
    expect(model.graph.nodes.every(node => node.domain === '')).to.equal(true)
    expect(model.graph.inputs.map(input => input.name)).to.deep.equal(['tokens'])
    expect(model.graph.outputs[0]!.type?.shape).to.deep.equal([1, CONFIG.sequence, CONFIG.vocabulary])
    expect(model.metadata).to.deep.equal([{ key: 'round', value: '7' }])
  })

  it('is refused when a parameter is missing or has another shape', () => {
    const missing = new Map(parameters)
    missing.delete('norm.bias')
    expect(() => exportModel(CONFIG, missing)).to.throw(RangeError, /norm\.bias.*missing/)
    const wrong = new Map(parameters).set('norm.bias', { shape: [2], data: new Float32Array(2) })
    expect(() => exportModel(CONFIG, wrong)).to.throw(RangeError, /norm\.bias.*\[2\]/)
  })
})

/** A file with this header and so many bytes of data. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const file = new Uint8Array(8 + text.length + dataBytes)
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true)
  file.set(text, 8)
  return file
}

function faultOf(file: Uint8Array): SafetensorsFault | null {
  try {
    readSafetensors(file)
    return null
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error
    return error.reason
  }
}

describe('safetensors', () => {
  const file = exportSafetensors(parameters, { format: 'pt', round: '7' })

  it('reads back exactly what it wrote', () => {
    const again = readSafetensors(file)
    expect(again.metadata).to.deep.equal({ format: 'pt', round: '7' })
    expect([...again.parameters]).to.deep.equal([...parameters])
    expect(readSafetensors(exportSafetensors(new Map())).parameters.size).to.equal(0)
  })

  it('starts its data at a multiple of 8 bytes, after the length and the JSON header', () => {
    const length = Number(new DataView(file.buffer).getBigUint64(0, true))
    expect(length % 8).to.equal(0)
    const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)))
    expect(header['embedding.token']).to.deep.equal({ dtype: 'F32', shape: [20, 16], data_offsets: [0, 1280] })
  })

  it('reads a file from an address that is not aligned', () => {
    const shifted = new Uint8Array(file.length + 1)
    shifted.set(file, 1)
    expect([...readSafetensors(shifted.subarray(1)).parameters]).to.deep.equal([...parameters])
  })

  const tensor = (begin: number, end: number, extra: object = {}) => ({
    dtype: 'F32',
    shape: [(end - begin) / 4],
    data_offsets: [begin, end],
    ...extra,
  })
  const BAD: readonly [what: string, file: Uint8Array, reason: SafetensorsFault][] = [
    ['an empty file', new Uint8Array(), 'truncated'],
    ['a header longer than the file', Uint8Array.of(99, 0, 0, 0, 0, 0, 0, 0, 123), 'truncated'],
    ['a header beyond the limit', new Uint8Array(8).fill(0xff), 'over-limit'],
    ['a header that is not JSON', fileOf('{', 0), 'bad-header'],
    ['a header that is a list', fileOf([], 0), 'bad-header'],
    ['metadata that is not text', fileOf({ __metadata__: { a: 1 } }, 0), 'bad-header'],
    ['another element type', fileOf({ a: tensor(0, 4, { dtype: 'F16' }) }, 4), 'unsupported-type'],
    ['a negative size', fileOf({ a: tensor(0, 4, { shape: [-1] }) }, 4), 'bad-header'],
    ['offsets that do not fit the shape', fileOf({ a: tensor(0, 4, { shape: [2] }) }, 4), 'bad-tensor'],
    ['a gap between tensors', fileOf({ a: tensor(0, 4), b: tensor(8, 12) }, 12), 'bad-tensor'],
    ['tensors that overlap', fileOf({ a: tensor(0, 8), b: tensor(4, 12) }, 12), 'bad-tensor'],
    ['data after the last tensor', fileOf({ a: tensor(0, 4) }, 8), 'bad-tensor'],
    ['a tensor beyond the end', fileOf({ a: tensor(0, 2 ** 40) }, 8), 'truncated'],
  ]
  for (const [what, bytes, reason] of BAD) it(`refuses ${what}`, () => expect(faultOf(bytes)).to.equal(reason))

  it('answers changed bytes with tensors or a typed error', () => {
    const small = exportSafetensors(new Map([['a', { shape: [2, 1], data: Float32Array.of(1, 2) }]]), { k: 'v' })
    fc.assert(
      fc.property(fc.nat(small.length - 1), fc.nat(255), (at, value) => {
        const changed = small.slice()
        changed[at] = value
        faultOf(changed)
      }),
      { numRuns: 1000 },
    )
  })
})
