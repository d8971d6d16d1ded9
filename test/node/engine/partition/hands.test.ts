import { expect } from 'chai'
import { PRESETS } from '../../../../node/engine/models/index.ts'
import { MAX_HANDS_BYTES } from '../../../../node/engine/partition/hands.ts'
import { cutModel, type DealtStage, dealHands, stageBytes } from '../../../../node/engine/partition/index.ts'
import type { ModelConfig } from '../../../../protocols/wire/manifest.ts'

const TINY = PRESETS['gpt-tiny']!
const LARGE: ModelConfig = { ...TINY, layers: 12, width: 1024, heads: 16, feedForward: 4096 }

function stageOf(model: ModelConfig, threads: number, more: Partial<DealtStage> = {}): DealtStage {
  const sequences = more.sequences ?? 16
  return { model, cut: cutModel(model, 2, sequences)[0]!, sequences, threads, memoryBytes: null, ...more }
}

describe('the deal of a micro-batch to hands', () => {
  it('gives each thread sequences, as evenly as they divide', () => {
    expect(dealHands(stageOf(TINY, 1))).to.deep.equal({ shares: [16], threads: 1, bytes: 0 })
    expect(dealHands(stageOf(TINY, 2))).to.deep.include({ shares: [8, 8], threads: 1 })
    expect(dealHands(stageOf(TINY, 3))).to.deep.include({ shares: [6, 5, 5], threads: 1 })
    expect(dealHands(stageOf(TINY, 8)).shares).to.deep.equal(Array(8).fill(2))
  })

  it('takes no hand that would not make it faster', () => {
    expect(dealHands(stageOf(TINY, 7, { sequences: 8 })).shares).to.deep.equal([2, 2, 2, 2])
  })

  it('divides operators among the threads that are left', () => {
    expect(dealHands(stageOf(TINY, 8, { sequences: 2 }))).to.deep.include({ shares: [1, 1], threads: 4 })
    expect(dealHands(stageOf(TINY, 4, { sequences: 1 }))).to.deep.equal({ shares: [1], threads: 4, bytes: 0 })
  })

  it('keeps within the memory for hands, which a large stage has none of', () => {
    expect(dealHands(stageOf(LARGE, 8))).to.deep.equal({ shares: [16], threads: 8, bytes: 0 })
    for (const layers of [4, 8, 12, 16, 24]) {
      const { bytes, shares, threads } = dealHands(stageOf({ ...LARGE, width: 384, heads: 6, layers }, 8))
      expect(bytes).to.be.at.most(MAX_HANDS_BYTES)
      expect(shares.length * threads).to.be.at.most(8)
    }
  })

  it('takes only what the machine gives beyond the stage itself', () => {
    const stage = stageOf(TINY, 4)
    const alone = stageBytes(stage.model, stage.cut, stage.sequences)
    const all = dealHands(stage)
    expect(all.shares).to.have.length(4)
    expect(dealHands({ ...stage, memoryBytes: alone + all.bytes })).to.deep.equal(all)
    const fewer = dealHands({ ...stage, memoryBytes: alone + all.bytes - 1 })
    expect(fewer.shares.length).to.be.below(4)
    expect(fewer.bytes).to.be.below(all.bytes)
    expect(dealHands({ ...stage, memoryBytes: alone })).to.deep.equal({ shares: [16], threads: 4, bytes: 0 })
  })
})
