import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { differentiate, parametersOf } from '../../../../node/engine/autodiff/index.ts'
import { PRESETS } from '../../../../node/engine/models/index.ts'
import {
  DataType,
  floatTensor,
  type Model,
  makeGraph,
  makeModel,
  makeNode,
  makeValueInfo,
  readModel,
} from '../../../../node/engine/onnx/index.ts'
import { balance } from '../../../../node/engine/partition/balance.ts'
import {
  cutGraph,
  cutModel,
  type GraphStage,
  PartitionError,
  stageBytes,
  stageFlops,
} from '../../../../node/engine/partition/index.ts'
import { type Feed, openModel, relativeError } from '../support.ts'

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

interface Gradient {
  readonly name: string
  readonly data: number[]
}

interface Inputs {
  readonly inputs: readonly { name: string; type: string; shape: number[]; data: number[] }[]
}

function feedsOf({ inputs }: Inputs): Record<string, Feed> {
  return Object.fromEntries(
    inputs.map(({ name, type, shape, data }) => {
      const feed: Feed = { type: type === 'int64' ? DataType.int64 : DataType.float32, shape, data }
      return [name, feed]
    }),
  )
}

/** Forward from the first stage to the last, backward from the last to the first; a tied weight's gradients are added. */
async function composedGradients(cut: readonly GraphStage[], inputs: Readonly<Record<string, Feed>>) {
  const values: Record<string, Feed> = { ...inputs }
  const pick = ({ graph }: Model, from: Readonly<Record<string, Feed>>) =>
    Object.fromEntries(graph.inputs.map(({ name }) => [name, from[name]!]))
  for (const { model } of cut) {
    const results = await (await openModel(model))(pick(model, values))
    for (const { name, type } of model.graph.outputs)
      values[name] = { type: DataType.float32, shape: type!.shape!.map(Number), data: results[name]! }
  }
  const gradients = new Map<string, number[]>()
  let seed: Feed | null = null
  for (const { model, input, output } of cut.toReversed()) {
    const parameters = parametersOf(model.graph)
    const seeds = output === null ? {} : { outputs: [output], seeds: { [output]: 'seed' } }
    const withRespectTo = input === null ? parameters : [...parameters, input]
    const backward = differentiate(model, { ...seeds, withRespectTo })
    const results = await (await openModel(backward))(pick(backward, seed === null ? values : { ...values, seed }))
    for (const name of parameters) {
      const earlier = gradients.get(name)
      gradients.set(
        name,
        results[`d.${name}`]!.map((value, at) => value + (earlier?.[at] ?? 0)),
      )
    }
    if (input !== null) seed = { ...values[input]!, data: results[`d.${input}`]! }
  }
  return gradients
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
      const feeds = feedsOf(reference)
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

  for (const [name, stages] of [
    ['gpt-opset17', 3],
    ['llama-opset18', 2],
    ['conv-opset17', 3],
    ['encoder-opset23', 2],
    ['lstm-opset17', 3],
    ['upscaler-training-opset13', 2],
  ] as const) {
    it(`gets the gradients of ${name}.onnx from ${stages} stages, each differentiated alone, as from the whole`, async () => {
      const reference = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
      const gradients = await composedGradients(cutGraph(load(name), stages), feedsOf(reference))
      const expected = new Map<string, number[]>(reference.gradients.map((item: Gradient) => [item.name, item.data]))
      for (const parameter of parametersOf(load(name).graph)) {
        const [actual, wanted] = [gradients.get(parameter)!, expected.get(parameter)]
        if (wanted !== undefined) expect(relativeError(actual, wanted), parameter).to.be.lessThan(5e-6)
      }
    })
  }

  it('gives each stage the mask that the blocks share, instead of finding no place to cut', async () => {
    const info = (name: string) => makeValueInfo(name, DataType.float32, [4, 4])
    const block = (at: number) => [
      makeNode('MatMul', [`h${at}`, `w${at}`], [`p${at}`], {}, { name: `product${at}` }),
      makeNode('Where', ['mask', `p${at}`, `h${at}`], [`m${at}`]),
      makeNode('Add', [`h${at}`, `m${at}`], [`h${at + 1}`]),
    ]
    const graph = makeGraph('masked', {
      nodes: [
        makeNode('Greater', ['places', 'zero'], ['mask']),
        makeNode('Add', ['x', 'b'], ['h0']),
        ...[0, 1, 2, 3].flatMap(block),
        makeNode('ReduceMean', ['h4'], ['loss'], { keepdims: 0 }),
      ],
      initializers: [
        floatTensor('zero', [], [0]),
        floatTensor('b', [4], [0, 0, 0, 0]),
        ...[0, 1, 2, 3].map(at => floatTensor(`w${at}`, [4, 4], new Float32Array(16).fill(0.1 * (at + 1)))),
      ],
      inputs: [info('x'), info('places')],
      outputs: [makeValueInfo('loss', DataType.float32, [])],
    })
    const cut = cutGraph(makeModel(graph), 2)
    expect(cut[0]!.output).to.equal('h2')
    const data = Array.from({ length: 16 }, (_, at) => Math.sin(at))
    const feed: Feed = { type: DataType.float32, shape: [4, 4], data }
    const parts = await composedGradients(cut, { x: feed, places: feed })
    const whole = await (await openModel(differentiate(makeModel(graph))))({ x: feed, places: feed })
    for (const [name, gradient] of parts)
      expect(relativeError(gradient, whole[`d.${name}`]!), name).to.be.lessThan(1e-6)
  })

  it('keeps a parameter that is only told by name, instead of folding what is computed from it', async () => {
    const info = (name: string) => makeValueInfo(name, DataType.float32, [4, 4])
    const graph = makeGraph('scaled', {
      nodes: [
        makeNode('MatMul', ['x', 'w0'], ['h0']),
        makeNode('MatMul', ['h0', 'w1'], ['h1']),
        makeNode('Exp', ['temperature'], ['scale']),
        makeNode('Mul', ['h1', 'scale'], ['logits']),
        makeNode('ReduceMean', ['logits'], ['loss'], { keepdims: 0 }),
      ],
      initializers: [
        floatTensor('temperature', [], [0.5]),
        ...[0, 1].map(at => floatTensor(`w${at}`, [4, 4], new Float32Array(16).fill(0.1 * (at + 1)))),
      ],
      inputs: [info('x')],
      outputs: [makeValueInfo('loss', DataType.float32, [])],
    })
    const names = ({ model }: GraphStage) => model.graph.initializers.map(({ name }) => name)
    const parameters = ['w0', 'w1', 'temperature']
    const cut = cutGraph(makeModel(graph), 2, { parameters })
    expect(cut.flatMap(names)).to.include.members(parameters)
    expect(cutGraph(makeModel(graph), 2).flatMap(names)).not.to.include('temperature')
    const last = differentiate(cut[1]!.model, { withRespectTo: ['temperature'] })
    const feed: Feed = { type: DataType.float32, shape: [4, 4], data: Array.from({ length: 16 }, (_, at) => at) }
    const whole = differentiate(makeModel(graph), { withRespectTo: ['temperature'] })
    const between = await (await openModel(cut[0]!.model))({ x: feed })
    const name = cut[0]!.output!
    const parts = await (await openModel(last))({ [name]: { ...feed, data: between[name]! } })
    const { 'd.temperature': expected } = await (await openModel(whole))({ x: feed })
    expect(relativeError(parts['d.temperature']!, expected!)).to.be.lessThan(1e-6)
  })

  it('balances the operations of a chain', () => {
    const flops = cutGraph(load('gpt-opset17'), 2).map(stage => stage.flops)
    const total = flops[0]! + flops[1]!
    expect(Math.max(...flops) / total).to.be.lessThan(0.75)
  })

  it('is refused where no single value crosses often enough', () => {
    expect(() => cutGraph(load('mlp-opset13'), 50)).to.throw(PartitionError, /too few for 50 stages/)
  })
})
