import { expect } from 'chai'
import fc from 'fast-check'
import { lossChart } from '../../../node/cli/projections/chart.ts'
import type { RoundLine } from '../../../node/cli/projections/progress.ts'

const line = (round: number, train: number, heldOut: number | null): RoundLine => ({
  round,
  train,
  heldOut,
  tokensPerSecond: 1,
})

describe('loss chart', () => {
  it('draws both losses inside the picture, whatever they are', () => {
    const lines = fc
      .array(
        fc.tuple(fc.float({ min: 0, max: 20, noNaN: true }), fc.option(fc.float({ min: 0, max: 20, noNaN: true }))),
      )
      .map(values => values.map(([train, heldOut], index) => line(index + 1, train, heldOut)))
    fc.assert(
      fc.property(lines, all => {
        const svg = lossChart(all, 'run')
        expect(svg).to.not.match(/NaN|Infinity|undefined/)
        const points = [...svg.matchAll(/[ML]([\d.-]+) ([\d.-]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const)
        expect(points).to.have.length(all.length + all.filter(({ heldOut }) => heldOut !== null).length)
        for (const [x, y] of points) {
          expect(x).to.be.within(0, 760)
          expect(y).to.be.within(0, 380)
        }
      }),
    )
  })

  it('stands beside what counting bytes reaches', () => {
    const svg = lossChart([line(1, 5.5, 5.4), line(2, 1.9, 2)], 'run')
    for (const label of ['unigram 3.10', 'bigram 2.40', 'trigram 1.96']) expect(svg).to.include(label)
  })

  it('is well-formed where the title is not', () => {
    const svg = lossChart([], '<run> & "quotes"')
    expect(svg).to.include('<title>&#60;run&#62; &#38; &#34;quotes&#34;</title>')
  })
})
