import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { referencePage } from '../../node/config/help.ts'

const COMMAND = 'npx node test/docs/write-cli.ts'

describe('docs/reference/cli.md', () => {
  it('is what the table of options says', () => {
    const page = readFileSync(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8')
    expect(page, `write it again: ${COMMAND}`).to.equal(referencePage())
  })
})
