import { expect } from 'chai'
import {
  type Cell,
  isDamaged,
  tableAsCsv,
  tableAsMarkdown,
  withTable,
  worstAsMarkdown,
} from '../../../simulations/attacks/index.ts'
import { interval, studentT } from '../../../simulations/attacks/statistics.ts'

function cell(changes: Partial<Cell>, losses: readonly number[], clean: readonly number[]): Cell {
  return {
    replicas: 4,
    faults: 1,
    data: 'i.i.d.',
    beta1: 0.9,
    rule: 'mean',
    attack: 'sign-flip',
    parameters: { factor: -10 },
    rounds: 50,
    tokens: 25_600,
    losses,
    loss: interval(losses),
    harm: interval(losses.map((loss, at) => loss - clean[at]!)),
    refused: 0,
    ...changes,
  }
}

const CLEAN = [2, 2.2, 2.1]
const CELLS = [
  cell({ attack: null, parameters: {} }, CLEAN, CLEAN),
  cell({ rule: 'median', attack: null, parameters: {} }, CLEAN, CLEAN),
  cell({}, [4, 4.2, 4.4], CLEAN),
  cell({ rule: 'median' }, [2.01, 2.2, 2.12], CLEAN),
]

describe('the table as text', () => {
  it("intervals are Student's", () => {
    expect(studentT(1)).to.equal(12.706)
    expect(studentT(4)).to.equal(2.776)
    expect(studentT(60)).to.be.closeTo(2.0003, 2e-3)
    const { mean, halfWidth } = interval([1, 2, 3, 4, 5])
    expect(mean).to.equal(3)
    expect(halfWidth).to.be.closeTo((2.776 * Math.sqrt(2.5)) / Math.sqrt(5), 1e-9)
    expect(interval([7])).to.deep.equal({ mean: 7, halfWidth: null })
  })

  it('counts as damage only what lies beyond the confidence', () => {
    expect(CELLS.map(isDamaged)).to.deep.equal([false, false, true, false])
    expect(isDamaged(cell({}, [2, 6, 2], CLEAN))).to.equal(false)
  })

  it('has one row a setting and attack, one column a rule, the setting in each row', () => {
    expect(tableAsMarkdown(CELLS).trimEnd().split('\n')).to.deep.equal([
      '| n | f | data | beta1 | attack | mean | median |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      '| 4 | 1 | i.i.d. | 0.9 | *none* | 2.100 ± 0.248 | 2.100 ± 0.248 |',
      '| 4 | 1 | i.i.d. | 0.9 | sign-flip factor=-10 | **4.200 (+100.0 ± 20.5 %)** | 2.110 (+0.5 ± 1.2 %) |',
    ])
    expect(worstAsMarkdown(CELLS).trimEnd().split('\n').at(-1)).to.equal(
      '| 4 | 1 | i.i.d. | 0.9 | sign-flip: **4.200 (+100.0 ± 20.5 %)** | sign-flip: 2.110 (+0.5 ± 1.2 %) |',
    )
  })

  it('as CSV, has one line a cell under one of names', () => {
    const lines = tableAsCsv(CELLS).trimEnd().split('\n')
    expect(lines).to.have.length(5)
    expect(lines[0]).to.contain('n,f,data,beta1,rule,attack,parameters,seeds,rounds,tokens,loss')
    expect(lines[3]).to.contain('4,1,i.i.d.,0.9,mean,sign-flip,factor=-10,3,50,25600,4.2')
    for (const line of lines) expect(line.split(',')).to.have.length(15)
  })

  it('replaces what stands between the marks of the page, and nothing else', () => {
    const page = 'words\n\n<!-- written by simulations/attacks/main.ts --write -->\nold\n<!-- end -->\nmore words\n'
    const written = withTable(page, CELLS)
    expect(written).to.match(/^words\n\n<!-- written/)
    expect(written).to.match(/<!-- end -->\nmore words\n$/)
    expect(written).to.not.contain('old')
    expect(withTable(written, CELLS)).to.equal(written)
    expect(() => withTable('words', CELLS)).to.throw('lacks')
  })
})
