import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { SCENARIOS, scenarioOf } from '../../../simulations/scenarios/index.ts'
import { STATES } from '../../../simulations/trace/states.ts'

const folder = fileURLToPath(new URL('../../../simulations', import.meta.url))
const STATE = /^[a-z-]+(\/[a-z-]*)?$/

/** What a tier tells of: the names in its sources; families such as `evidence/...` end with a stroke, their rest is made on the way. */
function toldBy(tier: number): string[] {
  const files = readdirSync(join(folder, `tier${tier}`), { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.ts'),
  )
  const sources = files.map(name => readFileSync(join(folder, `tier${tier}`, name), 'utf8'))
  const calls = sources.flatMap(source => [...source.matchAll(/\breached\(([^;]*?)[,)]\s*[\w.]*\)?$/gm)])
  // Tier 2 has them in a table of what its peers' events mean.
  const table = tier === 2 ? sources.filter(source => source.includes('export function reachedBy')) : []
  const texts = [...calls.map(([call]) => call.replace(/=== '[^']*'/g, '')), ...table]
  return texts
    .flatMap(text => [...text.matchAll(/['`]([^'`$]+)/g)].map(([, name = '']) => name))
    .filter(name => STATE.test(name))
}

const canReach = (told: readonly string[], state: string) =>
  told.some(name => (name.endsWith('/') ? state.startsWith(name) : name === state))

describe('the states that a sweep should meet', () => {
  const told = [0, 1, 2].map(toldBy)

  it('have a sentence each, wherever a tier tells of one', () => {
    const known = Object.keys(STATES)
    for (const tier of [0, 1]) {
      expect(told[tier]!.length).to.be.greaterThan(10)
      const unknown = told[tier]!.filter(
        state => !known.some(name => (state.endsWith('/') ? name.startsWith(state) : name === state)),
      )
      expect(unknown, `tier ${tier}`).to.deep.equal([])
    }
  })

  it('are those that scenarios say they are there for, and each tier that a scenario is for can reach them', () => {
    const drawn = Array.from({ length: 60 }, (_, seed) => scenarioOf('standard', seed)!)
    for (const { name, tiers, reaches } of [...Object.values(SCENARIOS), ...drawn]) {
      for (const state of reaches) {
        expect(STATES, `${name} reaches ${state}`).to.have.property(state)
        for (const tier of tiers)
          expect(canReach(told[tier]!, state), `${name} reaches ${state} in tier ${tier}`).to.equal(true)
      }
    }
  })

  it('are missed where nobody tells of them', () => {
    expect(told.map(names => canReach(names, 'restarted-twice'))).to.deep.equal([false, false, false])
    expect(canReach(told[0]!, 'stranger-refused')).to.equal(false)
    expect(canReach(told[1]!, 'stranger-refused')).to.equal(true)
  })
})
