import { expect } from 'chai'
import { buildStageGraphs, PRESETS } from '../../../../node/engine/models/index.ts'
import { readModel } from '../../../../node/engine/onnx/index.ts'
import { cutModel } from '../../../../node/engine/partition/index.ts'

const config = PRESETS['gpt-tiny']!

describe('order of a backward graph', () => {
  for (const cut of cutModel(config, 2, 4)) {
    const { nodes, inputs, initializers } = readModel(buildStageGraphs(config, cut, 4).backward).graph

    it(`is sorted: every node of stage ${cut.index} stands behind what it reads`, () => {
      const known = new Set(['', ...inputs.map(({ name }) => name), ...initializers.map(({ name }) => name)])
      for (const node of nodes) {
        for (const name of node.inputs) expect(known.has(name), `${node.name} reads ${name}`).to.equal(true)
        for (const name of node.outputs) known.add(name)
      }
    })

    it(`lets the runtime take the parameter gradients of stage ${cut.index}'s last block first`, () => {
      const writer = (output: string) => nodes.findIndex(node => node.outputs.includes(output))
      const blocks = Array.from({ length: cut.endBlock - cut.firstBlock }, (_, k) => cut.firstBlock + k)
      const places = blocks.map(k => writer(`d.block.${k}.feedForward.up.weight`))
      expect(places).to.deep.equal(places.toSorted((a, b) => a - b))
      const consumed = new Set(nodes.flatMap(node => node.inputs))
      const firstLast = nodes.findIndex(node => !node.outputs.some(name => consumed.has(name)))
      expect(nodes.slice(firstLast).some(node => node.outputs.some(name => consumed.has(name)))).to.equal(false)
    })
  }
})
