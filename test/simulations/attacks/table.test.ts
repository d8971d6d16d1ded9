import { expect } from 'chai'
import { ATTACKS, attackTable, type Cell, cellCount, publishedTable } from '../../../simulations/attacks/index.ts'

const SIGN_FLIP = { attack: 'sign-flip', parameters: { factor: -10 } }
const IID = { replicas: 4, faults: 1, data: 'i.i.d.', beta1: 0.9 } as const

async function cellsOf(attacks: readonly { attack: string | null; parameters: Record<string, number> }[]) {
  const { signal } = new AbortController()
  const options = { settings: [IID], rules: ['mean', 'trimmed-mean'] as const, attacks, seeds: 2, rounds: 12, signal }
  const cells: Cell[] = []
  for await (const cell of attackTable(options)) cells.push(cell)
  expect(cells).to.have.length(cellCount(options))
  return cells
}

describe('the table of rules against attacks', () => {
  it('shows a mean that unlearns under a sign flip, and a trimmed mean that does not', async () => {
    const [clean, flipped, trimmed, held] = await cellsOf([{ attack: null, parameters: {} }, SIGN_FLIP])
    expect(clean).to.include({ rule: 'mean', attack: null, rounds: 12, tokens: 12 * 4 * 32 })
    expect(clean!.harm).to.deep.equal({ mean: 0, halfWidth: 0 })
    expect(flipped!.loss.mean).to.be.above(1.5 * clean!.loss.mean)
    expect(held!.loss.mean).to.be.below(1.05 * trimmed!.loss.mean)
    expect(flipped!.harm.mean).to.be.closeTo(flipped!.loss.mean - clean!.loss.mean, 1e-9)
  })

  it('says what it does not know', async () => {
    const rejected = async (attack: string, parameters: Record<string, number>): Promise<string> =>
      cellsOf([{ attack, parameters }]).then(
        () => '',
        (error: unknown) => (error instanceof RangeError ? error.message : ''),
      )
    expect(await rejected('kindness', {})).to.contain('there is no attack "kindness"')
    expect(await rejected('sign-flip', { strength: 1 })).to.contain('no parameter "strength"')
  })

  it('the published one has every attack, f = 1 of 4 and 3 of 10, with and without momentum, both kinds of data', () => {
    const { settings, rules, attacks, seeds } = publishedTable(new AbortController().signal)
    expect(rules).to.deep.equal(['mean', 'trimmed-mean', 'median'])
    expect(
      settings.map(({ replicas, faults, data, beta1 }) => [replicas, faults, data, beta1].join(' ')),
    ).to.deep.equal([
      '4 1 i.i.d. 0.9',
      '4 1 i.i.d. 0',
      '4 1 chapters 0.9',
      '4 1 chapters 0',
      '10 3 i.i.d. 0.9',
      '10 3 i.i.d. 0',
      '10 3 chapters 0.9',
      '10 3 chapters 0',
    ])
    expect(attacks).to.equal(ATTACKS)
    expect(attacks).to.have.length(14)
    expect(seeds).to.be.at.least(3)
  })
})
