/** Sparse tensors are read as ordinary ones: as initializers and in Constant nodes, with indices of both forms. */
import { expect } from 'chai'
import {
  DataType,
  floatTensor,
  intTensor,
  OnnxFormatError,
  readModel,
  type Tensor,
} from '../../../../node/engine/onnx/index.ts'
import { ProtobufWriter } from '../../../../node/engine/onnx/protobuf-writer.ts'

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7
const GRAPH_NODE = 1
const GRAPH_SPARSE = 15
const NODE = { output: 2, opType: 4, attribute: 5 }
const ATTRIBUTE = { name: 1, type: 20, sparseTensor: 22 }
const SPARSE_TENSOR_TYPE = 11
const SPARSE = { values: 1, indices: 2, dims: 3 }
const TENSOR = { dims: 1, type: 2, name: 8, raw: 9 }

function tensor(writer: ProtobufWriter, { shape, type, name, data }: Tensor): void {
  for (const size of shape) writer.integer(TENSOR.dims, size)
  writer.integer(TENSOR.type, type)
  writer.text(TENSOR.name, name)
  writer.bytes(TENSOR.raw, data)
}

function sparse(writer: ProtobufWriter, values: Tensor, indices: Tensor, shape: readonly number[]): void {
  writer.message(SPARSE.values, inner => tensor(inner, values))
  writer.message(SPARSE.indices, inner => tensor(inner, indices))
  for (const size of shape) writer.integer(SPARSE.dims, size)
}

function modelWith(graph: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter()
  writer.message(MODEL_GRAPH, graph)
  return writer.finish()
}

const VALUES = floatTensor('w', [2], [5, 7])

function initializer(indices: Tensor, shape: readonly number[]): Uint8Array {
  return modelWith(graph => graph.message(GRAPH_SPARSE, inner => sparse(inner, VALUES, indices, shape)))
}

describe('sparse tensors', () => {
  for (const indices of [intTensor('', [2], [1, 5]), intTensor('', [2, 2], [0, 1, 1, 2])]) {
    it(`have their zeros written out, indices of shape [${indices.shape}]`, () => {
      const { initializers } = readModel(initializer(indices, [2, 3])).graph
      expect(initializers).to.deep.equal([floatTensor('w', [2, 3], [0, 5, 0, 0, 0, 7])])
    })
  }

  it('are the value of a Constant node', () => {
    const bytes = modelWith(graph =>
      graph.message(GRAPH_NODE, node => {
        node.text(NODE.output, 'c')
        node.message(NODE.attribute, attribute => {
          attribute.text(ATTRIBUTE.name, 'sparse_value')
          attribute.message(ATTRIBUTE.sparseTensor, inner => sparse(inner, VALUES, intTensor('', [2], [0, 2]), [3]))
          attribute.integer(ATTRIBUTE.type, SPARSE_TENSOR_TYPE)
        })
        node.text(NODE.opType, 'Constant')
      }),
    )
    const value = readModel(bytes).graph.nodes[0]?.attributes.get('value')
    expect(value).to.deep.equal({ kind: 'tensor', value: floatTensor('w', [3], [5, 0, 7]) })
  })

  it('that are huge, or have values outside, are refused', () => {
    const refused = (indices: Tensor, shape: readonly number[]) => () => readModel(initializer(indices, shape))
    expect(refused(intTensor('', [2], [1, 5]), [2 ** 20, 2 ** 20])).to.throw(
      OnnxFormatError,
      /Sparse tensors take more/,
    )
    expect(refused(intTensor('', [2], [1, 6]), [2, 3])).to.throw(OnnxFormatError, /'w' has a value outside/)
    expect(refused(intTensor('', [2], [-1, 2]), [2, 3])).to.throw(OnnxFormatError, /'w' has a value outside/)
    expect(refused(intTensor('', [2, 2], [0, 3, 0, 0]), [2, 3])).to.throw(OnnxFormatError, /'w' has a value outside/)
    expect(refused(intTensor('', [3], [0, 1, 2]), [2, 3])).to.throw(OnnxFormatError, /'w' has other indices/)
    expect(refused({ ...VALUES, type: DataType.float32 }, [2])).to.throw(OnnxFormatError, /'w' has no values/)
  })
})
