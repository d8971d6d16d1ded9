import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { PRESETS } from '../../../../node/engine/models/index.ts'
import { DataType, readModel } from '../../../../node/engine/onnx/index.ts'
import { balance } from '../../../../node/engine/partition/balance.ts'
import { cutGraph, cutModel, PartitionError, stageBytes, stageFlops } from '../../../../node/engine/partition/index.ts'
import { type Feed, openModel } from '../support.ts'

const tiny = PRESETS['gpt-tiny']!

describe('the cut of a preset', () => {
  it('covers all blocks in order, with the embedding first and the head last', () => {
    for (const config of Object.values(PRESETS)) {
      for (let stages = 1; stages <= config.layers; stages++) {
        const cuts = cutModel(config, stages, 8)
        expect(cuts).to.have.length(stages)
        for (const [index, cut] of cuts.entries()) {
          expect(cut.index).to.equal(index)
          expect(cut.firstBlock).to.equal(cuts[index - 1]?.endBlock ?? 0)
          expect(cut.endBlock).to.be.greaterThan(cut.firstBlock)
          expect([cut.hasEmbedding, cut.hasHead]).to.deep.equal([index === 0, index === stages - 1])
        }
        expect(cuts.at(-1)!.endBlock).to.equal(config.layers)
      }
    }
  })

  it('balances: no stage has over one block more work than another', () => {
    const config = PRESETS['gpt-small']!
    for (const stages of [2, 3, 5, 7]) {
      const flops = cutModel(config, stages, 8).map(cut => stageFlops(config, cut, 8).forward)
      const block = stageFlops(
        config,
        { index: 0, stages: 1, firstBlock: 0, endBlock: 1, hasEmbedding: false, hasHead: false },
        8,
      ).forward
      expect(Math.max(...flops) - Math.min(...flops)).to.be.at.most(1.2 * block)
    }
  })

  it('gives a stage with a heavy head fewer blocks', () => {
    const cuts = cutModel({ ...tiny, layers: 8, vocabulary: 16_384 }, 2, 8)
    expect(cuts[0]!.endBlock).to.be.greaterThan(4)
  })

  it('shares out all operations and memory', () => {
    const [whole] = cutModel(tiny, 1, 8)
    const parts = cutModel(tiny, 3, 8)
    expect(parts.reduce((sum, cut) => sum + stageFlops(tiny, cut, 8).forward, 0)).to.equal(
      stageFlops(tiny, whole!, 8).forward,
    )
    expect(parts.reduce((sum, cut) => sum + stageBytes(tiny, cut, 8), 0)).to.equal(stageBytes(tiny, whole!, 8))
    expect(stageFlops(tiny, whole!, 8).backward).to.equal(2 * stageFlops(tiny, whole!, 8).forward)
  })

  it('is refused with a sentence where there are fewer blocks than stages, or nothing to cut', () => {
    expect(() => cutModel(tiny, 5, 8)).to.throw(PartitionError, '4 blocks, which is fewer than the 5 stages')
    expect(() => cutModel(tiny, 0, 8)).to.throw(PartitionError)
    expect(() => cutModel(tiny, 1, 0)).to.throw(PartitionError)
    expect(() => cutModel({ ...tiny, heads: 3 }, 1, 8)).to.throw(PartitionError, 'heads')
    expect(new PartitionError('x')).to.be.instanceOf(RangeError)
  })
})

describe('balance', () => {
  it('finds the smallest maximum that any cut has', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 4 }),
        (costs, wanted) => {
          const parts = Math.min(wanted, costs.length)
          const cost = (from: number, to: number) => costs.slice(from, to).reduce((sum, item) => sum + item, 0)
          const worst = (bounds: readonly number[]) =>
            Math.max(...bounds.slice(1).map((to, index) => cost(bounds[index]!, to)))
          const bounds = balance(costs.length, parts, cost)
          expect(bounds).to.have.length(parts + 1)
          expect(bounds.every((bound, index) => index === 0 || bound > bounds[index - 1]!)).to.equal(true)
          expect(worst(bounds)).to.equal(Math.min(...allCuts(costs.length, parts).map(worst)))
        },
      ),
    )
  })
})

function allCuts(items: number, parts: number): number[][] {
  if (parts === 1) return [[0, items]]
  const cuts: number[][] = []
  for (let last = parts - 1; last < items; last++)
    for (const head of allCuts(last, parts - 1)) cuts.push([...head, items])
  return cuts
}

describe('the cut of an imported graph', () => {
  const folder = new URL('../../../vectors/engine/', import.meta.url)
  const load = (name: string) => readModel(new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder))))

  for (const [name, stages] of [
    ['gpt-opset17', 3],
    ['llama-opset18', 2],
    ['conv-opset17', 4],
    ['encoder-opset23', 2],
  ] as const) {
    it(`runs ${name}.onnx in ${stages} stages to the loss of the whole`, async () => {
      const reference = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
      const feeds: Record<string, Feed> = {}
      for (const input of reference.inputs)
        feeds[input.name] = { ...input, type: input.type === 'int64' ? DataType.int64 : DataType.float32 }
      const cut = cutGraph(load(name), stages)
      expect(cut).to.have.length(stages)
      let values = feeds
      for (const stage of cut) {
        const { inputs, outputs } = stage.model.graph
        const run = await openModel(stage.model)
        const results = await run(Object.fromEntries(inputs.map(input => [input.name, values[input.name]!])))
        const [output] = outputs
        const shape = output!.type!.shape!.map(Number)
        values = { ...feeds, [output!.name]: { type: DataType.float32, shape, data: results[output!.name]! } }
      }
      expect(values['loss']!.data[0]).to.be.closeTo(reference.loss, 1e-5)
    })
  }

  it('balances the operations of a chain', () => {
    const flops = cutGraph(load('gpt-opset17'), 2).map(stage => stage.flops)
    const total = flops[0]! + flops[1]!
    expect(Math.max(...flops) / total).to.be.lessThan(0.75)
  })

  it('is refused where no single value crosses often enough', () => {
    expect(() => cutGraph(load('mlp-opset13'), 50)).to.throw(PartitionError, /too few for 50 stages/)
  })
})
