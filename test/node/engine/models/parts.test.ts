/** What a graph of several parts holds at a time, as ONNX Runtime's own profile tells it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { buildStageGraphs, type StageCut } from '../../../../node/engine/models/index.ts'
import { partSizes } from '../../../../node/engine/models/parts.ts'
import type { ModelConfig } from '../../../../protocols/wire/manifest.ts'
import { CONFIG, WHOLE } from './support.ts'

const ONE_PART = 64
/** As wide inside of its blocks, beside their edges, as a real model. */
const MODEL: ModelConfig = { ...CONFIG, layers: 4, feedForward: 4 * CONFIG.width }
const ALL: StageCut = { ...WHOLE, endBlock: 4 }
const FIRST: StageCut = { ...ALL, stages: 2, endBlock: 2, hasHead: false }
const LAST: StageCut = { ...ALL, index: 1, stages: 2, firstBlock: 2, hasEmbedding: false }

/** Most bytes that one run of the graph held in ONNX Runtime's memory; inputs and outputs lie elsewhere. */
async function mostHeldBytes(model: Uint8Array): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-node-parts-'))
  try {
    const session = await InferenceSession.create(model, {
      intraOpNumThreads: 1,
      enableMemPattern: false,
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
    })
    const tensor = (type: string, shape: readonly number[]): Tensor => {
      const count = shape.reduce((product, size) => product * size, 1)
      if (type === 'int64') return new Tensor('int64', new BigInt64Array(count), shape)
      return new Tensor('float32', new Float32Array(count), shape)
    }
    const tensors = (all: typeof session.inputMetadata): Record<string, Tensor> =>
      Object.fromEntries(
        all.flatMap(each => (each.isTensor ? [[each.name, tensor(each.type, each.shape.map(Number))]] : [])),
      )
    await session.run(tensors(session.inputMetadata), tensors(session.outputMetadata))
    session.endProfiling()
    await session.release()
    const profile = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]!), 'utf8'))
    const peaks = profile.map((event: { args?: { mem_in_use_peak?: string } }) =>
      Number(event.args?.mem_in_use_peak ?? 0),
    )
    return Math.max(...peaks)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('parts of a micro-batch', () => {
  it('are as equal as whole sequences allow', () => {
    const sizes = partSizes(CONFIG, 3 * ONE_PART - 1, 1)
    expect(sizes).to.have.length(3)
    expect(sizes.reduce((sum, rows) => sum + rows, 0)).to.equal((3 * ONE_PART - 1) * CONFIG.sequence)
    expect(Math.max(...sizes) - Math.min(...sizes)).to.be.at.most(CONFIG.sequence)
    expect(partSizes(CONFIG, 3 * ONE_PART - 1, 2)).to.have.length(2)
  })

  for (const cut of [FIRST, LAST, ALL]) {
    const name = `${cut.hasEmbedding ? 'embedding' : 'boundary'} to ${cut.hasHead ? 'loss' : 'boundary'}`
    it(`are computed one after the other: three hold little more than one (${name})`, async () => {
      const one = await mostHeldBytes(buildStageGraphs(MODEL, cut, ONE_PART).backward)
      const three = await mostHeldBytes(buildStageGraphs(MODEL, cut, 3 * ONE_PART).backward)
      expect(three)
        .to.be.above(0)
        .and.below(1.5 * one)
    })
  }
})
