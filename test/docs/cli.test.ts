import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { PAGES } from './write-cli.ts'

const COMMAND = 'npx node test/docs/write-cli.ts'

for (const [name, page] of Object.entries(PAGES)) {
  describe(`docs/reference/${name}`, () => {
    it('is what the table of options says', () => {
      const written = readFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), 'utf8')
      expect(written, `write it again: ${COMMAND}`).to.equal(page())
    })
  })
}
