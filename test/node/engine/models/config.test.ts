import { expect } from 'chai'
import { countParameters, PRESETS, stageParameters, validateModel } from '../../../../node/engine/models/index.ts'
import { cutModel } from '../../../../node/engine/partition/index.ts'
import { product } from '../support.ts'

describe('model presets', () => {
  const tiny = PRESETS['gpt-tiny']!

  it('are valid, and have the sizes that they are known by', () => {
    for (const config of Object.values(PRESETS)) expect(validateModel(config)).to.equal(null)
    expect(countParameters(tiny)).to.equal(875_264)
    expect(countParameters(PRESETS['gpt-small']!)).to.equal(38_157_312)
  })

  it('are refused with a sentence when a size cannot be built', () => {
    expect(validateModel({ ...tiny, heads: 3 })).to.match(/width 128 .* 3 heads/)
    expect(validateModel({ ...tiny, layers: 0 })).to.match(/layers is 0.*1 to/)
    expect(validateModel({ ...tiny, width: 1.5 })).to.match(/width/)
    expect(validateModel({ ...tiny, vocabulary: Number.NaN })).to.match(/vocabulary/)
    expect(validateModel({ ...tiny, layers: 256, width: 16_384, feedForward: 65_536 })).to.match(/parameters/)
  })

  for (const stages of [1, 2, 4]) {
    it(`have every parameter in exactly one of ${stages} stages`, () => {
      const whole = stageParameters(tiny, cutModel(tiny, 1, 1)[0]!)
      const parts = cutModel(tiny, stages, 1).flatMap(cut => stageParameters(tiny, cut))
      expect(parts).to.deep.equal(whole)
      expect(parts.reduce((sum, spec) => sum + product(spec.shape), 0)).to.equal(countParameters(tiny))
      expect(new Set(parts.map(spec => spec.name)).size).to.equal(parts.length)
    })
  }

  it('start linear layers by the width, and residual projections smaller the deeper the model is (GPT-2, section 2.3)', () => {
    const specs = new Map(stageParameters(tiny, cutModel(tiny, 1, 1)[0]!).map(spec => [spec.name, spec.init]))
    const std = 2 / 3 / Math.sqrt(128)
    expect(specs.get('block.0.attention.query.weight')).to.deep.equal({ kind: 'normal', std })
    expect(specs.get('block.3.feedForward.down.weight')).to.deep.equal({ kind: 'normal', std: std / Math.sqrt(8) })
    expect(specs.get('embedding.token')).to.deep.equal({ kind: 'normal', std: 0.2 })
    expect(specs.get('head.weight')).to.deep.equal({ kind: 'normal', std: 0.02 })
    expect(specs.get('norm.weight')).to.deep.equal({ kind: 'constant', value: 1 })
  })
})
