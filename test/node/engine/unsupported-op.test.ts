import { expect } from 'chai'
import { DifferentiationError, differentiate } from '../../../node/engine/autodiff/index.ts'
import {
  DataType,
  floatTensor,
  type Model,
  makeGraph,
  makeModel,
  makeNode,
  makeValueInfo,
  writeModel,
} from '../../../node/engine/onnx/index.ts'
import { EngineError } from '../../../node/engine/runtime/index.ts'
import { openLanguageModel } from '../../../node/engine/runtime/language-model.ts'

/** loss = sum(op(x * w)), as a tool would export it. */
function modelWith(opType: string, domain = ''): Model {
  const graph = makeGraph('brought along', {
    nodes: [
      makeNode('Mul', ['x', 'w'], ['scaled'], {}, { name: '/layers.0/scale' }),
      makeNode(opType, ['scaled'], ['strange'], {}, { name: '/layers.0/strange', domain }),
      makeNode('ReduceSum', ['strange'], ['loss'], { keepdims: 0 }, { name: '/loss' }),
    ],
    initializers: [floatTensor('w', [2], [1, 2])],
    inputs: [makeValueInfo('x', DataType.float32, [2])],
    outputs: [makeValueInfo('loss', DataType.float32, [])],
    valueInfo: [makeValueInfo('strange', DataType.float32, [2])],
  })
  return makeModel(graph)
}

async function failure(work: () => unknown): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  return null
}

describe('a model with an operation that is not supported', () => {
  it('cannot be trained: the error names the node and the operation', async () => {
    for (const opType of ['Det', 'FlashAttention']) {
      const error = await failure(() => differentiate(modelWith(opType), { outputs: ['loss'], withRespectTo: ['w'] }))
      expect(error).to.be.instanceOf(DifferentiationError)
      expect(String(error)).to.include("'/layers.0/strange'").and.to.include(opType)
    }
  })

  it('cannot be run: the error names the node and the operation', async () => {
    const file = writeModel(modelWith('FlashAttention'))
    const error = await failure(() => openLanguageModel(file, { sequence: 8, vocabulary: 256 }))
    expect(error).to.be.instanceOf(EngineError)
    expect(error).to.include({ code: 'unsupported-op', node: '/layers.0/strange', op: 'FlashAttention' })
  })
})
