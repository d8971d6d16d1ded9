/** Scenarios in which a bug of the product or of the harness was found, shrunk; each must stay valid (CHANGELOG.md says what was wrong). */
import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parseConcreteScenario } from '../../simulations/scenario/parse.ts'
import { run } from './support.ts'

const folder = new URL('./regressions/', import.meta.url)

describe('simulations/regressions', () => {
  for (const file of readdirSync(folder)) {
    it(`${file.replace('.json', '')} stays repaired`, () => {
      const parsed = parseConcreteScenario(JSON.parse(readFileSync(new URL(file, folder), 'utf8')))
      if ('fault' in parsed) throw new Error(parsed.fault)
      const { verdict } = run(parsed)
      expect(verdict.verdict, verdict.sentence).to.equal('valid')
    })
  }
})
