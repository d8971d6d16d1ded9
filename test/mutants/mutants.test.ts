/** The harness finds planted bugs: the quick ones here, all of them in `npm run verify-all`. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { SCENARIOS } from '../../simulations/scenarios/index.ts'
import { MUTANTS } from './mutants.ts'

const root = new URL('../../', import.meta.url)

/** Found within a seed or two, so that a sweep of a few suffices. */
const QUICK = ['quorum-2f+1', 'one-signer', 'paid-twice', 'seats-not-distinct']
const QUICK_SEEDS = 5

describe('mutants', () => {
  it('are ten or more, and name scenarios that exist', () => {
    expect(MUTANTS.length).to.be.at.least(10)
    for (const { scenarios } of MUTANTS) expect(Object.keys(SCENARIOS)).to.include.members([...scenarios])
  })

  for (const { name, patches } of MUTANTS) {
    it(`${name} still applies`, () => {
      for (const { file, find } of patches)
        expect(readFileSync(new URL(file, root), 'utf8').split(find).length, `${file}: ${find}`).to.equal(2)
    })
  }

  for (const { name, about } of MUTANTS.filter(mutant => QUICK.includes(mutant.name))) {
    it(`finds that ${about}`, function () {
      this.timeout(120_000)
      const { stdout, stderr } = spawnSync(
        process.execPath,
        ['--import', './test/mutants/hook.ts', 'test/mutants/hunt.ts', name, String(QUICK_SEEDS)],
        { cwd: fileURLToPath(root), env: { ...process.env, MUTANT: name }, encoding: 'utf8' },
      )
      expect(stdout, stderr).to.match(/"seeds":\d/)
    })
  }
})
