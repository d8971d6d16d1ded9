/** Weights in files beside the model: read where they are right, and nothing else on the disk is reached. */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readModelFile } from '../../../../node/engine/files/index.ts'
import { bytesOf, DataType, OnnxFormatError, readModel } from '../../../../node/engine/onnx/index.ts'
import { ProtobufWriter } from '../../../../node/engine/onnx/protobuf-writer.ts'

type Entries = Readonly<Record<string, string>>

/** A model of tensors [2] that lie elsewhere, each with the entries given. */
function model(tensors: readonly Entries[], shape: readonly number[] = [2], extra?: (tensor: ProtobufWriter) => void) {
  const writer = new ProtobufWriter()
  writer.integer(1, 8)
  writer.message(7, graph => {
    graph.text(2, 'g')
    for (const [index, entries] of tensors.entries()) {
      graph.message(5, tensor => {
        for (const size of shape) tensor.integer(1, size)
        tensor.integer(2, DataType.float32)
        tensor.text(8, `w${index}`)
        for (const [key, value] of Object.entries(entries)) {
          tensor.message(13, entry => {
            entry.text(1, key)
            entry.text(2, value)
          })
        }
        tensor.integer(14, 1)
        extra?.(tensor)
      })
    }
  })
  return writer.finish()
}

describe('weights in files beside a model', () => {
  let root = ''
  let folder = ''
  const write = (bytes: Uint8Array) => {
    const path = join(folder, 'model.onnx')
    writeFileSync(path, bytes)
    return path
  }
  const numbers = (data: Uint8Array) => [...new Float32Array(data.slice().buffer)]
  const refusal = (bytes: Uint8Array) => {
    try {
      readModelFile(write(bytes))
    } catch (error) {
      if (!(error instanceof OnnxFormatError)) throw error
      return error.message
    }
    throw new Error('The model was read.')
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'external-'))
    folder = join(root, 'model')
    mkdirSync(join(folder, 'deep'), { recursive: true })
    writeFileSync(join(folder, 'weights.bin'), bytesOf(Float32Array.of(1, 2, 3, 4)))
    writeFileSync(join(folder, 'deep', 'more.bin'), bytesOf(Float32Array.of(5, 6)))
    writeFileSync(join(root, 'secret'), bytesOf(Float32Array.of(7, 8)))
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  it('are read from where the model says, whole files and parts, once where they are tied', () => {
    const read = readModelFile(
      write(
        model([
          { location: 'weights.bin', offset: '8', length: '8' },
          { location: 'weights.bin' },
          { location: 'deep/more.bin', offset: '0', checksum: 'aa' },
          { location: 'weights.bin', offset: '0', length: '8' },
        ]),
      ),
    )
    expect(read.graph.initializers.map(tensor => numbers(tensor.data))).to.deep.equal([
      [3, 4],
      [1, 2],
      [5, 6],
      [1, 2],
    ])
    expect(read.graph.initializers[1]!.data.buffer).to.equal(read.graph.initializers[3]!.data.buffer)
  })

  it('are read from beyond 2 GiB, and a model of more bytes than protobuf has is refused', () => {
    // Sparse files: they take no room.
    const far = 2 ** 32 + 2 ** 20
    const large = openSync(join(folder, 'large.bin'), 'w')
    writeSync(large, bytesOf(Float32Array.of(9, 10)), 0, 8, far)
    closeSync(large)
    const read = readModelFile(write(model([{ location: 'large.bin', offset: String(far), length: '8' }])))
    expect(numbers(read.graph.initializers[0]!.data)).to.deep.equal([9, 10])
    truncateSync(join(folder, 'model.onnx'), 2 ** 31)
    expect(() => readModelFile(join(folder, 'model.onnx'))).to.throw(OnnxFormatError, /more than 2147483647 bytes/)
  })

  it('are refused where nobody handed in what may be read', () => {
    expect(() => readModel(model([{ location: 'weights.bin' }]))).to.throw(OnnxFormatError, /another file.*one file/)
  })

  it('are refused where the name leads out of the folder, by itself or by a link', () => {
    for (const location of [
      '../secret',
      join(root, 'secret'),
      'deep/../../secret',
      '..',
      'deep\\..\\..\\secret',
      'C:secret',
      '',
    ])
      expect(refusal(model([{ location }])), location).to.include('beside the model or below it')
    symlinkSync(join(root, 'secret'), join(folder, 'link.bin'))
    symlinkSync(root, join(folder, 'up'))
    expect(refusal(model([{ location: 'link.bin' }]))).to.include("leads out of the model's folder")
    expect(refusal(model([{ location: 'up/secret' }]))).to.include("leads out of the model's folder")
    expect(refusal(model([{ offset: '0' }]))).to.include('beside the model or below it')
  })

  it('follow a link that stays in the folder', () => {
    symlinkSync(join('deep', 'more.bin'), join(folder, 'inside.bin'))
    const read = readModelFile(write(model([{ location: 'inside.bin' }])))
    expect(numbers(read.graph.initializers[0]!.data)).to.deep.equal([5, 6])
  })

  it('are refused where the file is missing, no plain file, or too short', () => {
    expect(refusal(model([{ location: 'nothing.bin' }]))).to.include("no file 'nothing.bin'")
    expect(refusal(model([{ location: 'deep' }]))).to.include('not a plain file')
    expect(refusal(model([{ location: 'weights.bin', offset: '12' }]))).to.include('too few for 8 from 12 on')
    expect(refusal(model([{ location: 'weights.bin', offset: '9007199254740991' }]))).to.include('too few')
  })

  it('are refused where offset or length are no counts, or do not fit the shape', () => {
    for (const offset of ['-1', '0x8', '1.5', ' 1', '99999999999999999'])
      expect(refusal(model([{ location: 'weights.bin', offset }])), offset).to.include('no count of bytes')
    expect(refusal(model([{ location: 'weights.bin', length: '4' }]))).to.include('has 4 bytes in its file')
    expect(refusal(model([{ location: 'weights.bin' }], [2 ** 40, 2 ** 40]))).to.include('cannot keep its data')
    expect(refusal(model([{ location: 'weights.bin' }], [2 ** 40]))).to.include('too few')
    expect(refusal(model([{ location: 'weights.bin' }], [2], tensor => tensor.bytes(9, new Uint8Array(8))))).to.include(
      'in the model and in another file',
    )
  })

  it('are refused where a small file is to fill many large tensors', () => {
    const overlapping = [0, 4, 8].map(offset => ({ location: 'weights.bin', offset: String(offset) }))
    expect(refusal(model(overlapping))).to.include('takes more from')
  })
})
