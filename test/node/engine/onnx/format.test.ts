/** ONNX bytes: round trips, the forms that other writers use, and bytes that are no model. */
import { expect } from 'chai'
import fc from 'fast-check'
import {
  DataType,
  floatTensor,
  intTensor,
  type Model,
  makeGraph,
  makeModel,
  makeNode,
  makeValueInfo,
  type OnnxFaultReason,
  OnnxFormatError,
  readModel,
  writeModel,
} from '../../../../node/engine/onnx/index.ts'
import { ProtobufWriter } from '../../../../node/engine/onnx/protobuf-writer.ts'
import { openModel } from '../support.ts'

function sample(): Model {
  const branch = makeGraph('branch', {
    nodes: [makeNode('Neg', ['x'], ['n'])],
    outputs: [makeValueInfo('n', DataType.float32, [2])],
  })
  const attributes = new Map([
    ['float', { kind: 'float', value: 0.5 } as const],
    ['int', { kind: 'int', value: -(2n ** 63n) } as const],
    ['string', { kind: 'string', value: Uint8Array.of(104, 105) } as const],
    ['tensor', { kind: 'tensor', value: floatTensor('', [1], [4]) } as const],
    ['graph', { kind: 'graph', value: branch } as const],
    ['floats', { kind: 'floats', value: [1, -2.5] } as const],
    ['ints', { kind: 'ints', value: [1n, -1n, 2n ** 62n] } as const],
    ['strings', { kind: 'strings', value: [Uint8Array.of(97), new Uint8Array()] } as const],
    ['tensors', { kind: 'tensors', value: [intTensor('t', [2], [7, 8])] } as const],
    ['graphs', { kind: 'graphs', value: [branch, branch] } as const],
    ['empty', { kind: 'ints', value: [] } as const],
  ])
  const words = {
    name: 's',
    type: DataType.string,
    shape: [2],
    data: new Uint8Array(),
    strings: [Uint8Array.of(1), Uint8Array.of(2, 3)],
    documentation: 'd',
  }
  const graph = makeGraph('sample', {
    documentation: 'what it is',
    nodes: [
      makeNode('Add', ['x', 'w'], ['y'], {}, { name: 'add' }),
      { ...makeNode('Odd', ['', 'x'], ['z'], {}, { domain: 'my.domain' }), attributes, documentation: 'why' },
    ],
    initializers: [floatTensor('w', [2], [1, 2]), words],
    inputs: [makeValueInfo('x', DataType.float32, ['batch', null, 2])],
    outputs: [makeValueInfo('y', DataType.float32, [2]), { name: 'z', documentation: '', type: null }],
    valueInfo: [{ name: 'u', documentation: 'unranked', type: { type: DataType.int64, shape: null } }],
  })
  const opsets = [
    { domain: '', version: 17 },
    { domain: 'my.domain', version: 3 },
  ]
  return makeModel(graph, {
    opsets,
    modelVersion: 5n,
    metadata: [{ key: 'author', value: 'nobody' }],
    producerVersion: '1',
    domain: 'd',
    documentation: 'doc',
  })
}

/** y = x + w for a tensor w that the caller writes field by field. */
function modelWithTensor(write: (tensor: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter()
  writer.message(7, graph => {
    graph.text(2, 'g')
    graph.message(5, write)
  })
  return writer.finish()
}

function reasonOf(bytes: Uint8Array): OnnxFaultReason | null {
  try {
    readModel(bytes)
    return null
  } catch (error) {
    if (!(error instanceof OnnxFormatError)) throw error
    expect(error.offset).to.be.within(0, bytes.length)
    return error.reason
  }
}

describe('ONNX models as bytes', () => {
  it('reads back exactly what it wrote', () => {
    expect(readModel(writeModel(sample()))).to.deep.equal(sample())
  })

  it('writes the same bytes for the same model', () => {
    expect(writeModel(readModel(writeModel(sample())))).to.deep.equal(writeModel(sample()))
  })

  it('writes what ONNX Runtime loads, opset 17 and IR version 8 unless told otherwise', async () => {
    const info = (name: string) => makeValueInfo(name, DataType.float32, [2])
    const made = makeModel(
      makeGraph('g', {
        nodes: [makeNode('Add', ['x', 'w'], ['y'])],
        initializers: [floatTensor('w', [2], [1, 2])],
        inputs: [info('x')],
        outputs: [info('y')],
      }),
    )
    expect([made.irVersion, made.opsets]).to.deep.equal([8, [{ domain: '', version: 17 }]])
    const run = await openModel(writeModel(made))
    expect(await run({ x: { type: DataType.float32, shape: [2], data: [3, 4] } })).to.deep.equal({ y: [4, 6] })
  })

  it('reads typed data fields, packed or not, into raw data', () => {
    const bytes = modelWithTensor(tensor => {
      tensor.integer(1, 2)
      tensor.integer(2, DataType.float32)
      tensor.float(4, 1.5)
      tensor.float(4, -2)
    })
    const fromPacked = modelWithTensor(tensor => {
      tensor.bytes(1, Uint8Array.of(2))
      tensor.integer(2, DataType.float32)
      tensor.bytes(4, new Uint8Array(Float32Array.of(1.5, -2).buffer))
    })
    for (const file of [bytes, fromPacked]) {
      const [tensor] = readModel(file).graph.initializers
      expect([...new Float32Array(tensor!.data.slice().buffer)]).to.deep.equal([1.5, -2])
    }
  })

  const TYPED: readonly [
    type: DataType,
    field: number,
    values: readonly (number | bigint)[],
    raw: readonly number[],
  ][] = [
    [DataType.int64, 7, [-1n, 2n], [255, 255, 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 0, 0, 0]],
    [DataType.int32, 5, [-1, 2], [255, 255, 255, 255, 2, 0, 0, 0]],
    [DataType.bool, 5, [1, 0], [1, 0]],
    [DataType.uint8, 5, [255, 3], [255, 3]],
    [DataType.int8, 5, [-1, 3], [255, 3]],
    [DataType.float16, 5, [0x3c00, 0x4000], [0, 0x3c, 0, 0x40]],
    [DataType.bfloat16, 5, [0x3f80, 0x4000], [0x80, 0x3f, 0, 0x40]],
    [DataType.uint64, 11, [2n ** 63n, 1n], [0, 0, 0, 0, 0, 0, 0, 128, 1, 0, 0, 0, 0, 0, 0, 0]],
    [DataType.uint32, 11, [2 ** 31, 1], [0, 0, 0, 128, 1, 0, 0, 0]],
  ]
  for (const [type, field, values, raw] of TYPED) {
    it(`reads element type ${type} from data field ${field}`, () => {
      const bytes = modelWithTensor(tensor => {
        tensor.integer(1, values.length)
        tensor.integer(2, type)
        for (const value of values) tensor.integer(field, value)
      })
      expect([...readModel(bytes).graph.initializers[0]!.data]).to.deep.equal(raw)
    })
  }

  it('skips fields that it does not know, of every wire type', () => {
    const writer = new ProtobufWriter()
    writer.integer(900, 5)
    writer.float(901, 1)
    writer.bytes(902, Uint8Array.of(1, 2, 3))
    const known = writeModel(sample())
    expect(readModel(Uint8Array.of(...writer.finish(), ...known))).to.deep.equal(sample())
  })
})

describe('bytes that are no ONNX model', () => {
  it('refuses external data with a sentence that says what to do', () => {
    const bytes = modelWithTensor(tensor => {
      tensor.integer(1, 4)
      tensor.integer(2, DataType.float32)
      tensor.message(13, entry => {
        entry.text(1, 'location')
        entry.text(2, '../../etc/passwd')
      })
      tensor.integer(14, 1)
    })
    expect(() => readModel(bytes)).to.throw(OnnxFormatError, /another file.*one file/)
    expect(reasonOf(bytes)).to.equal('external-data')
  })

  it('refuses a tensor that claims more values than it has, without allocating them', () => {
    const bytes = modelWithTensor(tensor => {
      for (const size of [2 ** 40, 2 ** 12]) tensor.integer(1, size)
      tensor.integer(2, DataType.float32)
    })
    expect(reasonOf(bytes)).to.equal('bad-tensor')
  })

  it('refuses negative dimensions, unknown element types and too many dimensions', () => {
    expect(reasonOf(modelWithTensor(tensor => tensor.integer(1, -1)))).to.equal('bad-tensor')
    expect(reasonOf(modelWithTensor(tensor => tensor.integer(2, 77)))).to.equal('bad-tensor')
    expect(reasonOf(modelWithTensor(tensor => tensor.bytes(1, new Uint8Array(65))))).to.equal('over-limit')
  })

  it('refuses a length beyond the end, an endless integer, a group, and text that is not UTF-8', () => {
    expect(reasonOf(Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0x7f))).to.equal('truncated')
    expect(reasonOf(new Uint8Array(20).fill(0xff))).to.equal('bad-varint')
    expect(reasonOf(Uint8Array.of(0x3b))).to.equal('bad-wire-type')
    expect(reasonOf(Uint8Array.of(0x12, 1, 0xff))).to.equal('bad-text')
    expect(reasonOf(new Uint8Array())).to.equal('missing-field')
  })

  it('refuses more parts than the limit, instead of growing a heap out of empty messages', () => {
    // One node with two million empty input names, two bytes each.
    const names = Uint8Array.from({ length: 2 * (2 ** 21 + 2) }, (_, at) => (at % 2 === 0 ? 0x0a : 0))
    const outer = new ProtobufWriter()
    outer.message(7, graph => graph.bytes(1, names))
    expect(reasonOf(outer.finish())).to.equal('over-limit')
  }).timeout(20_000)

  it('refuses graphs that nest too deep', () => {
    let graph: (writer: ProtobufWriter) => void = () => undefined
    for (let depth = 0; depth < 40; depth++) {
      const inner = graph
      graph = writer =>
        writer.message(1, node => {
          node.text(4, 'If')
          node.message(5, attribute => {
            attribute.text(1, 'then_branch')
            attribute.message(6, inner)
            attribute.integer(20, 5)
          })
        })
    }
    const writer = new ProtobufWriter()
    writer.message(7, graph)
    expect(reasonOf(writer.finish())).to.equal('over-limit')
  })

  it('answers every prefix of a model with a model or a typed error', () => {
    const bytes = writeModel(sample())
    for (let length = 0; length < bytes.length; length++) reasonOf(bytes.subarray(0, length))
  })

  it('answers changed and random bytes with a model or a typed error', () => {
    const bytes = writeModel(sample())
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        changes => {
          const changed = bytes.slice()
          for (const [at, value] of changes) changed[at] = value
          reasonOf(changed)
        },
      ),
      { numRuns: 2000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), random => void reasonOf(random)),
      { numRuns: 1000 },
    )
  })
})
