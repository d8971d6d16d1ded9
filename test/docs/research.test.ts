import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import attacker from '../../docs/research/examples/attacker.ts'
import checker from '../../docs/research/examples/checker.ts'
import fault from '../../docs/research/examples/fault.ts'
import scenario from '../../docs/research/examples/scenario.ts'
import { VERBS } from '../../simulations/cli/options.ts'
import { parseCommand } from '../../simulations/cli/parse.ts'
import { swarmSim } from '../../simulations/cli/program.ts'
import { type Extension, withdrawFromTables } from '../../simulations/extend.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'docs/research')
const examples = readdirSync(join(folder, 'examples')).filter(name => name.endsWith('.ts'))

/** Runs the tool with the real harness, in a process's memory of its own names: each example is taken in once. */
async function tool(...args: string[]): Promise<{ code: number; output: string }> {
  let output = ''
  const code = await swarmSim(args, {
    print: text => {
      output += `${text}\n`
    },
    complain: text => {
      output += `${text}\n`
    },
    terminal: null,
    colours: false,
    folder: root,
    harness: new URL('../../simulations/index.ts', import.meta.url).href,
    signal: new AbortController().signal,
  })
  return { code, output }
}

describe('the examples for researchers', () => {
  const taken: readonly Extension[] = [attacker, checker, fault, scenario]

  after(() => {
    for (const extension of taken) withdrawFromTables(extension)
  })

  it('have less than 30 lines each, and stand in the page as they are run', () => {
    const page = readFileSync(join(folder, 'extend.md'), 'utf8')
    expect(examples).to.have.length(4)
    for (const name of examples) {
      const text = readFileSync(join(folder, 'examples', name), 'utf8')
      expect(text.trimEnd().split('\n').length, name).to.be.lessThan(30)
      expect(page, name).to.include(`\`\`\`ts\n${text}\`\`\``)
    }
  })

  it('run a scenario of their own, which is valid', async () => {
    expect(scenario.scenarios[0]?.name).to.equal('nightfall')
    const { code, output } = await tool('run', 'nightfall:1', '--with', 'docs/research/examples/scenario.ts', '--json')
    const told = JSON.parse(output)
    expect(told.verdict.verdict).to.equal('valid')
    expect(told.reached).to.have.property('evidence/double-prevote')
    expect(code).to.equal(0)
  })

  it('reach the processes of a sweep', async () => {
    const words = ['sweep', 'nightfall', '--seeds', '2', '--jobs', '2', '--json']
    const { output } = await tool(...words, '--with', 'docs/research/examples/scenario.ts')
    expect(JSON.parse(output).scenarios[0]).to.include({ name: 'nightfall', seeds: 2, valid: 2 })
  })

  it('are refused where they are something else, or not there', async () => {
    const other = await tool('list', '--with', 'test/docs/write-cli.ts')
    expect(other.output).to.include('its default export must be an object with scenarios, faults, attackers, checkers')
    expect(other.code).to.equal(2)
    const none = await tool('list', '--with', 'nowhere.ts')
    expect(none.output).to.include('cannot take in').and.include('Next: ')
  })

  it('run a fault of their own: what it strikes takes longer', async () => {
    expect(fault.faults[0]?.name).to.equal('tired-links')
    const { output } = await tool('compare', 'calm:1', 'tired:1', '--with', 'docs/research/examples/fault.ts', '--json')
    const [calm, tired] = JSON.parse(output).runs
    expect(tired.verdict).to.equal('valid')
    expect(tired.virtualSeconds).to.be.greaterThan(calm.virtualSeconds)
  })

  it('run an attacker of their own: it lies, and costs a view', async () => {
    expect(attacker.attackers[0]?.name).to.equal('moody-leader')
    const told = await tool('replay', 'moody:2', '--with', 'docs/research/examples/attacker.ts')
    expect(told.output)
      .to.match(/lies in round \d+: moody-leader/)
      .and.match(/goes to view 1/)
    expect(told.code).to.equal(0)
  })

  it('run a checker of their own, which holds, and can fail', async () => {
    const [punctual] = checker.checkers
    const { output } = await tool('run', 'calm', '--with', 'docs/research/examples/checker.ts', '--json')
    expect(JSON.parse(output).verdict.verdict).to.equal('valid')
    const { output: explained } = await tool('explain', 'punctual')
    expect(explained).to.include('within five minutes')
    const running = punctual!.start(JSON.parse(JSON.stringify(scenario.scenarios[0])))
    const common = { peer: 0, stage: 0, round: 1 }
    running.event({ type: 'seat', atMs: 0, peer: 0, stage: 0, name: 'x', honest: true })
    running.event({ type: 'round.opened', atMs: 0, ...common })
    const parent = { value: '', outcome: '' }
    const said = { view: 0, value: '', outcome: '', state: '', parent, skip: false, sealed: [], signers: [] }
    expect(running.event({ type: 'certified', atMs: 299_000, ...common, ...said, next: 'promote' })).to.equal(null)
    const late = running.event({ type: 'certified', atMs: 301_000, ...common, ...said, next: 'promote' })
    expect(late).to.include({ checker: 'punctual', sentence: 'round 1 took 301000 ms' })
  })
})

describe('commands of swarm-sim in the pages', () => {
  const pages = [
    ...['README.md', 'simulations/README.md', 'docs/architecture.md', 'docs/start.md', 'CONTRIBUTING.md'],
    ...readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(name => /\.(md|ts|yaml|sh)$/.test(name))
      .map(name => `docs/research/${name}`),
  ]
  const commands = pages.flatMap(page => {
    const text = readFileSync(join(root, page), 'utf8').replace(/\\\n\s*/g, ' ')
    const found = text.matchAll(
      /(?:swarm-sim|npm run sim --|simulations\/cli\/main\.ts) ([a-z]+(?:[ \t]+[^\n`]+|\n +--[^\n]+)*)/g,
    )
    return [...found].map(([, words = '']) => ({ page, words }))
  })

  it('are known, with known options', () => {
    const typed = commands.filter(({ words }) => Object.hasOwn(VERBS, words.split(/\s/)[0] ?? ''))
    expect(typed.length).to.be.greaterThan(15)
    for (const { page, words } of typed) {
      const [bare = ''] = words.split(/ (?:>|\|\||&&) | {2,}(?!--)| +# | \*\/|\)/)
      const args = bare.trim().split(/\s+/).map(value)
      expect(() => parseCommand(args), `${page}: ${words}`).to.not.throw()
    }
  })

  it('name only examples that are there', () => {
    const paths = pages.flatMap(page => [
      ...readFileSync(join(root, page), 'utf8').matchAll(/docs\/research\/examples\/[\w.-]+/g),
    ])
    expect(paths.length).to.be.greaterThan(4)
    for (const [path] of paths) expect(existsSync(join(root, path)), path).to.equal(true)
  })
})

/** What a shell would make of it: quotes go, and variables of the engines become numbers. */
function value(word: string): string {
  return word
    .replaceAll(/['"]/g, '')
    .replaceAll(/\$\{?(SLURM_ARRAY_TASK_COUNT)\}?/g, '16')
    .replaceAll(/\$\{\w+:-(\w+)\}/g, '$1')
    .replaceAll(/\$\{?\w+\}?/g, '1')
}
