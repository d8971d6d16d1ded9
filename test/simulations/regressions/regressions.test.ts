import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { harness } from '../../../simulations/index.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
const files = readdirSync(folder).filter(name => name.endsWith('.json'))

/** Scenarios that broke a promise once, as `swarm-sim shrink` wrote them. */
describe('what was found and mended', () => {
  it('is kept', () => expect(files.length).to.be.greaterThan(0))

  for (const file of files) {
    it(`stays mended: ${file}`, async function () {
      this.timeout(60_000)
      const scenario = harness.parse(JSON.parse(readFileSync(`${folder}${file}`, 'utf8')))
      const concrete = 'seed' in scenario ? scenario : harness.draw(scenario, 1)
      const tier = await harness.tier(concrete.tiers[0]!)
      const { verdict } = await tier.run(concrete, { signal: new AbortController().signal })
      expect(verdict.verdict, verdict.sentence).to.equal('valid')
    })
  }
})
