import { expect } from 'chai'
import { attentionBias } from '../../../../node/engine/models/attention-bias.ts'

const [HEADS, SEQUENCE] = [4, 24]
const bias = attentionBias(HEADS, SEQUENCE)

function rowOf(head: number, query: number): number[] {
  const start = (head * SEQUENCE + query) * SEQUENCE
  return Array.from(bias.subarray(start, start + SEQUENCE))
}

function weightsOf(row: readonly number[]): number[] {
  const terms = row.map(Math.exp)
  const sum = terms.reduce((total, term) => total + term, 0)
  return terms.map(term => term / sum)
}

describe('the bias of attention', () => {
  it('gives later tokens no weight at all, in every head', () => {
    for (let head = 0; head < HEADS; head++) {
      for (let query = 0; query < SEQUENCE; query++) {
        const later = weightsOf(rowOf(head, query)).slice(query + 1)
        expect(later.every(weight => weight === 0)).to.equal(true)
      }
    }
  })

  it('lets each of three heads of four look at a distance of its own, and the fourth at all that came before', () => {
    const query = 20
    for (const head of [0, 1, 2]) {
      const weights = weightsOf(rowOf(head, query))
      expect(weights.indexOf(Math.max(...weights))).to.equal(query - head - 1)
      expect(weights[query - head - 1]).to.be.within(0.4, 0.6)
    }
    const broad = weightsOf(rowOf(3, query))
    expect(Math.max(...broad) / broad[0]!).to.be.closeTo(Math.exp(query / 16), 1e-4)
  })

  it('keeps no two tokens out of reach', () => {
    for (let head = 0; head < HEADS; head++) expect(Math.min(...rowOf(head, SEQUENCE - 1))).to.be.at.least(-8)
  })

  it('is there for any number of heads', () => {
    expect(attentionBias(1, 2)).to.deep.equal(Float32Array.of(0, -1e9, -1 / 16, 0))
    expect(attentionBias(2, 2)).to.deep.equal(Float32Array.of(-1, -1e9, 0, -1, 0, -1e9, -1 / 16, 0))
  })
})
