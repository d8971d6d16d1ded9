import { expect } from 'chai'
import { createInlineEngine, type EngineManifest, type StageEngine } from '../../../../node/engine/runtime/index.ts'
import { codecOf, isRefusal } from '../../../../protocols/wire/index.ts'
import { closeRound, makeBatches, makeManifest, stageInits, train, trainMicroBatch } from './support.ts'

const ENCODING = { gradient: 'bf16', activation: 'bf16' } as const
const manifest: EngineManifest = { ...makeManifest(), encoding: ENCODING }
const bf16 = codecOf('bf16')

async function enginesOf(of = manifest): Promise<StageEngine[]> {
  const engines: StageEngine[] = []
  for (const init of stageInits(2, of)) engines.push(await createInlineEngine(init))
  return engines
}

async function refusalOf(job: Promise<unknown>): Promise<string> {
  return job.then(
    () => 'none',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  )
}

describe('an engine of a run that speaks bf16', () => {
  let engines: StageEngine[] = []

  beforeEach(async () => {
    engines = await enginesOf()
  })

  afterEach(() => Promise.all(engines.map(engine => engine.dispose())))

  it('gives and takes boundary tensors and partitions of half the bytes', async () => {
    const [first, last] = engines as [StageEngine, StageEngine]
    const { draw } = await makeBatches(manifest)
    const { tokens, targets } = draw(1, 0)
    const activation = await first.forward(tokens)
    const values = manifest.batch.sequences * manifest.model.sequence * manifest.model.width
    expect(activation.length).to.equal(2 * values)
    expect(first.shape.boundaryBytes).to.equal(2 * values)
    const { inputGradient } = await last.head(activation, targets, 'lane')
    expect(inputGradient!.length).to.equal(2 * values)
    await first.backward(tokens, inputGradient!, 'lane')
    const { bytes, offsets, leaves } = await first.commit(1, false)
    expect(bytes.length).to.equal(2 * first.shape.parameters)
    expect(leaves.length).to.equal(first.shape.partitions)
    const own = bytes.subarray(offsets[0], offsets[1])
    expect(await first.checkPartition(0, own)).to.equal(true)
    expect(await first.checkPartition(0, own.subarray(2))).to.equal(false)
    expect((await first.aggregate(0, [own, own]))!).to.deep.equal(own)
  })

  it('learns as one that speaks f32 does', async () => {
    const wide = await enginesOf(makeManifest())
    const rounds = 20
    const [halves, singles] = [await train(engines, manifest, rounds), await train(wide, manifest, rounds)]
    expect(halves.at(-1)! / halves[0]!).to.be.below(0.9)
    expect(halves.at(-1)! / singles.at(-1)!).to.be.within(0.98, 1.02)
    await Promise.all(wide.map(engine => engine.dispose()))
  })

  it('is bit for bit the same everywhere', async () => {
    const others = await enginesOf()
    const { draw } = await makeBatches(manifest)
    for (const round of [1, 2]) {
      const roots: string[][] = []
      for (const swarm of [engines, others]) {
        await trainMicroBatch(swarm, draw(round, 0))
        roots.push(await Promise.all(swarm.map(async engine => String(await closeRound(engine, round, 1, true)))))
      }
      expect(roots[0]).to.deep.equal(roots[1])
    }
    await Promise.all(others.map(engine => engine.dispose()))
  })

  it('refuses what is not finite or of another length', async () => {
    const [first, last] = engines as [StageEngine, StageEngine]
    const { draw } = await makeBatches(manifest)
    const { tokens, targets } = draw(1, 0)
    const activation = await first.forward(tokens)
    const poisoned = activation.slice()
    poisoned.set([0x80, 0x7f])
    expect(await refusalOf(last.head(poisoned, targets, 'lane'))).to.equal('not-finite')
    expect(await refusalOf(last.head(activation.subarray(2), targets, 'lane'))).to.equal('invalid-input')
    const { parameters, partitionValues } = first.shape
    const bad = bf16.encode(new Float32Array(Math.min(partitionValues, parameters)).fill(1e5))
    expect(await first.checkPartition(0, bad)).to.equal(false)
    expect(isRefusal(bf16.check(bad, bad.length / 2, manifest.aggregation.bound))).to.equal(true)
    expect(await first.aggregate(0, [bad])).to.equal(null)
  })
})
