import { expect } from 'chai'
import { createInlineEngine, type EngineManifest, type StageEngine } from '../../../../node/engine/runtime/index.ts'
import { normOf, scaled } from '../../../../node/peer/tensors.ts'
import { valueFault } from '../../../../protocols/activations/frame-header.ts'
import { codecOf } from '../../../../protocols/wire/index.ts'
import { closeRound, makeBatches, makeManifest, stageInits, train, trainMicroBatch } from './support.ts'

const manifest: EngineManifest = { ...makeManifest(), encoding: { gradient: 'int8', activation: 'int8' } }
const int8 = codecOf('int8')

async function enginesOf(of = manifest): Promise<StageEngine[]> {
  const engines: StageEngine[] = []
  for (const init of stageInits(2, of)) engines.push(await createInlineEngine(init))
  return engines
}

describe('an engine of a run that speaks int8 in blocks', () => {
  let engines: StageEngine[] = []
  beforeEach(async () => {
    engines = await enginesOf()
  })
  afterEach(() => Promise.all(engines.map(engine => engine.dispose())))

  it('gives and takes tensors and partitions of a quarter of the bytes, each partition a tensor of its own', async () => {
    const [first, last] = engines as [StageEngine, StageEngine]
    const { draw } = await makeBatches(manifest)
    const { tokens, targets } = draw(1, 0)
    const activation = await first.forward(tokens)
    const values = manifest.batch.sequences * manifest.model.sequence * manifest.model.width
    expect(activation.length).to.equal(values + 2 * Math.ceil(values / 64))
    expect(first.shape.boundaryBytes).to.equal(activation.length)
    expect(valueFault(activation, 'int8')).to.equal(null)
    const { inputGradient } = await last.head(activation, targets, 'lane')
    await first.backward(tokens, inputGradient!, 'lane')
    const { bytes, offsets } = await first.commit(1, false)
    const { partitions, partitionValues, parameters } = first.shape
    for (let partition = 0; partition < partitions; partition++) {
      const own = bytes.subarray(offsets[partition], offsets[partition + 1])
      const count = Math.min(partitionValues, parameters - partition * partitionValues)
      expect(own.length).to.equal(int8.encodedBytes(count))
      expect(await first.checkPartition(partition, own)).to.equal(true)
      expect((await first.aggregate(partition, [own, own]))!).to.deep.equal(own)
    }
    expect(offsets[partitions]).to.equal(bytes.length)
    const wrong = bytes.slice(offsets[0], offsets[1])
    wrong[2] = 128
    expect(await first.checkPartition(0, wrong)).to.equal(false)
  })

  it('learns nearly as one that speaks f32 does', async () => {
    const wide = await enginesOf(makeManifest())
    const rounds = 20
    const [bytes, singles] = [await train(engines, manifest, rounds), await train(wide, manifest, rounds)]
    expect(bytes.at(-1)! / bytes[0]!).to.be.below(0.9)
    expect(bytes.at(-1)! / singles.at(-1)!).to.be.within(0.95, 1.05)
    await Promise.all(wide.map(engine => engine.dispose()))
  })

  it('is bit for bit the same everywhere', async () => {
    const others = await enginesOf()
    const { draw } = await makeBatches(manifest)
    const roots: string[][] = []
    for (const swarm of [engines, others]) {
      await trainMicroBatch(swarm, draw(1, 0))
      roots.push(await Promise.all(swarm.map(async engine => String(await closeRound(engine, 1, 1, true)))))
    }
    expect(roots[0]).to.deep.equal(roots[1])
    await Promise.all(others.map(engine => engine.dispose()))
  })

  it('has boundary tensors that are measured and scaled, and refused where they are not as an encoder writes them', () => {
    const tensor = int8.encode(Float32Array.from({ length: 100 }, (_, index) => (index - 50) / 10))
    expect(normOf(tensor, 'int8')).to.be.closeTo(28.87, 0.3)
    expect(normOf(scaled(tensor, 0.5, 'int8'), 'int8')).to.be.closeTo(28.87 / 2, 0.15)
    tensor[2] = 128
    expect(valueFault(tensor, 'int8')).to.include({ refused: 'bad-encoding' })
    expect(valueFault(int8.encode(Float32Array.of(Number.NaN)), 'int8')).to.include({ refused: 'not-finite' })
  })
})
