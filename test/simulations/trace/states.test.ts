import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { SCENARIOS } from '../../../simulations/scenarios/index.ts'
import { STATES } from '../../../simulations/trace/states.ts'

const folder = fileURLToPath(new URL('../../../simulations', import.meta.url))
const told = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter(name => /^tier\d.*\.ts$/.test(name))
  .flatMap(name => [...readFileSync(join(folder, name), 'utf8').matchAll(/\breached\(['`]([^'`$]+)/g)])
  .map(([, state = '']) => state)

describe('the states that a sweep should meet', () => {
  it('have a sentence each, wherever a tier tells of one', () => {
    expect(told.length).to.be.greaterThan(10)
    const known = Object.keys(STATES)
    // Families such as `evidence/...` are told with a name that is made on the way.
    expect(
      told.filter(state => !known.some(name => (state.endsWith('/') ? name.startsWith(state) : name === state))),
    ).to.deep.equal([])
  })

  it('are those that scenarios say they are there for', () => {
    for (const { name, reaches } of Object.values(SCENARIOS)) {
      for (const state of reaches) expect(STATES, `${name} reaches ${state}`).to.have.property(state)
    }
  })
})
