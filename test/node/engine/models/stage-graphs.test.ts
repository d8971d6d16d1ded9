/** The graphs of a stage: gradients, and stages that together compute what the whole model does. */
import { expect } from 'chai'
import { buildStageGraphs, type NamedTensor, PRESETS, stageParameters } from '../../../../node/engine/models/index.ts'
import { readModel } from '../../../../node/engine/onnx/index.ts'
import { cutModel } from '../../../../node/engine/partition/index.ts'
import { type Feed, openModel, relativeError } from '../support.ts'
import {
  boundaryFeed,
  CONFIG,
  drawParameters,
  drawTokens,
  parameterFeeds,
  SEQUENCES,
  TOKENS,
  WHOLE,
} from './support.ts'

const parameters = drawParameters(3)
const tokens = drawTokens(1)
const targets = drawTokens(2)

async function openWhole() {
  const graphs = buildStageGraphs(CONFIG, WHOLE, SEQUENCES)
  const evaluate = await openModel(graphs.evaluate!)
  const backward = await openModel(graphs.backward)
  const feeds = (changed: ReadonlyMap<string, NamedTensor> = parameters) => ({
    ...parameterFeeds(changed, graphs.parameters),
    tokens,
    targets,
  })
  return { graphs, evaluate, backward, feeds }
}

describe('graphs of a stage', () => {
  it('have gradients that agree with the loss along their own direction, for every parameter', async () => {
    const { graphs, evaluate, backward, feeds } = await openWhole()
    const gradients = await backward(feeds())
    expect(gradients['loss']).to.deep.equal((await evaluate(feeds()))['loss'])
    for (const { name, shape } of graphs.parameters) {
      const rows = gradients[`rows.${name}`]
      const gradient = rows === undefined ? gradients[`d.${name}`]! : addRows(rows, shape[0]!)
      const norm = Math.hypot(...gradient)
      // The gradient of a key's bias is 0: a shift of all scores of a row changes no softmax.
      if (name.endsWith('key.bias')) {
        expect(norm).to.be.lessThan(1e-6)
        continue
      }
      const step = 1e-2
      const at = async (sign: number) => {
        const data = parameters.get(name)!.data.map((value, index) => value + (sign * step * gradient[index]!) / norm)
        return (await evaluate(feeds(new Map(parameters).set(name, { shape, data }))))['loss']![0]!
      }
      const slope = ((await at(1)) - (await at(-1))) / (2 * step)
      expect(slope / norm, name).to.be.closeTo(1, 5e-3)
    }
  })

  for (const stages of [2]) {
    it(`compute in ${stages} stages what one stage computes: loss, logits and every gradient`, async () => {
      const { backward, feeds } = await openWhole()
      const whole = await backward(feeds())
      const [first, last] = cutModel(CONFIG, stages, SEQUENCES).map(cut => ({
        cut,
        graphs: buildStageGraphs(CONFIG, cut, SEQUENCES),
      }))
      const firstFeeds = { ...parameterFeeds(parameters, first!.graphs.parameters), tokens }
      const { y } = await (await openModel(first!.graphs.forward!))(firstFeeds)
      const lastFeeds = { ...parameterFeeds(parameters, last!.graphs.parameters), x: boundaryFeed(y!), targets }
      const head = await (await openModel(last!.graphs.backward))(lastFeeds)
      const back = await (await openModel(first!.graphs.backward))({ ...firstFeeds, dy: boundaryFeed(head['dx']!) })
      const { dx, ...rest } = head
      const both: Record<string, number[]> = { ...rest, ...back }
      expect(dx).to.have.length(TOKENS * CONFIG.width)
      expect(Object.keys(both)).to.have.members(Object.keys(whole))
      for (const [name, values] of Object.entries(whole)) {
        if (!name.endsWith('key.bias')) expect(relativeError(both[name]!, values), name).to.be.lessThan(1e-4)
      }
    })
  }

  it('compute a micro-batch that is too long for one part as the mean of its sequences', async () => {
    const [large, small] = [201, 67]
    const run = async (sequences: number, first: number) => {
      const rows = sequences * CONFIG.sequence
      const part = (feed: Feed): Feed => ({ ...feed, shape: [rows], data: feed.data.slice(first, first + rows) })
      const graphs = buildStageGraphs(CONFIG, WHOLE, sequences)
      const feeds = { ...parameterFeeds(parameters, graphs.parameters), tokens: part(manyTokens), targets: part(many) }
      const { 'rows.embedding.token': embedding, ...rest } = await (await openModel(graphs.backward))(feeds)
      expect((await (await openModel(graphs.evaluate!))(feeds))['loss']).to.deep.equal(rest['loss'])
      const { targets: _, ...inputs } = feeds
      const { logits } = await (await openModel(graphs.logits!))(inputs)
      return { embedding: embedding!, logits: logits!, rest }
    }
    const manyTokens = drawTokens(4, large * CONFIG.sequence)
    const many = drawTokens(5, large * CONFIG.sequence)
    const whole = await run(large, 0)
    const parts = [0, 1, 2].map(k => run(small, k * small * CONFIG.sequence))
    const [a, b, c] = [await parts[0]!, await parts[1]!, await parts[2]!]
    const rows = [a, b, c].flatMap(({ embedding }) => embedding.map(value => value / 3))
    expect(relativeError(whole.embedding, rows)).to.be.lessThan(1e-4)
    expect(relativeError(whole.logits, [...a.logits, ...b.logits, ...c.logits])).to.be.lessThan(1e-4)
    for (const [name, values] of Object.entries(whole.rest)) {
      const mean = values.map((_, at) => (a.rest[name]![at]! + b.rest[name]![at]! + c.rest[name]![at]!) / 3)
      if (!name.endsWith('key.bias')) expect(relativeError(values, mean), name).to.be.lessThan(1e-4)
    }
  })

  it('cannot see later tokens: changing the last one changes no earlier logits', async () => {
    const graphs = buildStageGraphs(CONFIG, WHOLE, SEQUENCES)
    const run = await openModel(graphs.logits!)
    const feeds = parameterFeeds(parameters, graphs.parameters)
    const before = (await run({ ...feeds, tokens }))['logits']!
    const changed = {
      ...tokens,
      data: tokens.data.with(TOKENS - 1, (tokens.data[TOKENS - 1]! + 1) % CONFIG.vocabulary),
    }
    const after = (await run({ ...feeds, tokens: changed }))['logits']!
    const cut = (TOKENS - 1) * CONFIG.vocabulary
    expect(after.slice(0, cut)).to.deep.equal(before.slice(0, cut))
    expect(after.slice(cut)).to.not.deep.equal(before.slice(cut))
  })

  it('have the inputs and outputs that the runtime counts on', () => {
    const config = PRESETS['gpt-tiny']!
    for (const cut of cutModel(config, 3, 4)) {
      const { backward, forward, evaluate, logits, parameters: specs } = buildStageGraphs(config, cut, 4)
      const names = specs.map(spec => spec.name)
      const { inputs, outputs } = readModel(backward).graph
      const source = cut.hasEmbedding ? 'tokens' : 'x'
      expect(inputs.map(input => input.name)).to.have.members([source, cut.hasHead ? 'targets' : 'dy', ...names])
      const gradients = names.map(name => (name === 'embedding.token' ? `rows.${name}` : `d.${name}`))
      expect(outputs.map(output => output.name)).to.have.members([
        ...gradients,
        ...(cut.hasHead ? ['loss'] : []),
        ...(cut.hasEmbedding ? [] : ['dx']),
      ])
      expect([forward === null, evaluate === null, logits === null]).to.deep.equal([
        cut.hasHead,
        !cut.hasHead,
        !cut.hasHead,
      ])
      expect(stageParameters(config, cut)).to.deep.equal(specs)
    }
  })

  it('are the same bytes whenever they are built', () => {
    expect(buildStageGraphs(CONFIG, WHOLE, SEQUENCES).backward).to.deep.equal(
      buildStageGraphs(CONFIG, WHOLE, SEQUENCES).backward,
    )
  })
})

function addRows(rows: readonly number[], vocabulary: number): number[] {
  const { width } = CONFIG
  const table = new Array<number>(vocabulary * width).fill(0)
  for (const [position, token] of tokens.data.entries()) {
    for (let column = 0; column < width; column++) table[token * width + column]! += rows[position * width + column]!
  }
  return table
}
