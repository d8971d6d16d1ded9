import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { cellCount, publishedTable } from '../../simulations/attacks/index.ts'

const read = (name: string): string => readFileSync(new URL(`../../docs/research/${name}`, import.meta.url), 'utf8')

describe('the page about attacks', () => {
  const lines = read('attacks.csv').trimEnd().split('\n')
  const names = lines[0]!.split(',')
  const cells = lines.slice(1).map(line => {
    const values = line.split(',')
    return (name: string): string => values[names.indexOf(name)]!
  })

  it('has the whole published table', () => {
    const table = publishedTable(new AbortController().signal)
    expect(cells).to.have.length(cellCount(table))
    for (const cell of cells) {
      expect(cell('seeds')).to.equal(String(table.seeds))
      expect(cell('rounds')).to.equal(String(table.rounds))
    }
  })

  it('tells the losses of the CSV file', () => {
    const rows = read('attacks.md')
      .split('\n')
      .map(line => line.split('|').map(part => part.trim()))
    const rules = rows.find(row => row[5] === 'attack')!
    for (const cell of cells) {
      const attack = cell('attack') === 'none' ? '*none*' : `${cell('attack')} ${cell('parameters')}`.trim()
      const setting = [cell('n'), cell('f'), cell('data'), cell('beta1'), attack]
      const row = rows.find(each => setting.every((value, at) => each[at + 1] === value))
      expect(row?.[rules.indexOf(cell('rule'))], setting.join(' ')).to.contain(Number(cell('loss')).toFixed(3))
    }
  })
})
