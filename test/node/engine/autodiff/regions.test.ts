/** What RoiAlign's gradient asks of its regions. */
import { expect } from 'chai'
import { DifferentiationError, differentiate } from '../../../../node/engine/autodiff/index.ts'
import {
  type AttributeValue,
  DataType,
  intTensor,
  makeGraph,
  makeModel,
  makeNode,
  makeValueInfo,
} from '../../../../node/engine/onnx/index.ts'
import { openModel } from '../support.ts'

const image = { type: DataType.float32, shape: [1, 1, 3, 3], data: [1, 2, 3, 4, 5, 6, 7, 8, 9] }
const regions = { type: DataType.float32, shape: [1, 4], data: [0.5, 0.5, 2, 2] }

/** Regions come from what is computed, as those of a detector's proposals do. */
function detector(attributes: Readonly<Record<string, AttributeValue>>) {
  const nodes = [
    makeNode('Mul', ['proposals', 'proposals'], ['regions']),
    makeNode('RoiAlign', ['image', 'regions', 'of'], ['y'], attributes, { name: 'align' }),
  ]
  const graph = makeGraph('detector', {
    nodes,
    initializers: [intTensor('of', [1], [0])],
    inputs: [makeValueInfo('image', image.type, image.shape), makeValueInfo('proposals', regions.type, regions.shape)],
    outputs: [makeValueInfo('y', DataType.float32, [1, 1, 1, 1])],
  })
  return makeModel(graph)
}

describe('regions of an image', () => {
  it('have no gradient, as in torchvision', async () => {
    const model = differentiate(detector({ sampling_ratio: 2 }), { withRespectTo: ['image', 'proposals'] })
    const results = await (await openModel(model))({ image, proposals: regions })
    expect(results['d.proposals']).to.deep.equal([0, 0, 0, 0])
    // Of a region in the image, the shares add up to one.
    expect(results['d.image']!.reduce((sum, share) => sum + share)).to.be.closeTo(1, 1e-6)
  })

  it('have to be constants where their size decides how many samples there are', () => {
    const thrown = () => differentiate(detector({}), { withRespectTo: ['image'] })
    expect(thrown).to.throw(DifferentiationError, /'align' \(RoiAlign\) has no sampling_ratio/)
  })
})
