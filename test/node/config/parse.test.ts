import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { ExitError } from '../../../node/cli/exit.ts'
import { helpText } from '../../../node/config/help.ts'
import {
  OPTIONS,
  type OptionName,
  type OptionSpec,
  type Settings,
  VERBS,
  type Verb,
} from '../../../node/config/options.ts'
import { parseCommand, variableOf } from '../../../node/config/parse.ts'

const specs = Object.entries(OPTIONS) as [OptionName, OptionSpec][]

function settingsOf(args: readonly string[], environment: Record<string, string> = {}): Settings {
  const command = parseCommand(args, environment)
  if ('help' in command) throw new Error('this asks for help')
  return command.settings
}

function refusalOf(args: readonly string[], environment: Record<string, string> = {}): ExitError {
  try {
    parseCommand(args, environment)
  } catch (error) {
    if (error instanceof ExitError) return error
    throw error
  }
  throw new Error(`${args.join(' ')} was taken`)
}

describe('options of the command line', () => {
  const before = process.cwd()
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarm-config-'))
    process.chdir(folder)
  })
  afterEach(() => {
    process.chdir(before)
    rmSync(folder, { recursive: true })
  })

  it('have the defaults of the table, and none where the table only describes one', () => {
    const settings = settingsOf(['up'])
    expect(settings).to.include({ data: './swarm-data', json: false, stages: 2, replicas: 4, rounds: 76, stake: 1000 })
    expect(settings.f).to.equal(undefined)
    expect(settings.run).to.equal(undefined)
    const join_ = settingsOf(['join', '--run', 'm', '--chain', 'ws://x'])
    for (const name of ['until', 'bootstrap', 'listen', 'account'] as const) expect(join_[name]).to.equal(undefined)
  })

  it('are taken from the flag before the environment, that before swarm.json, that before the default', () => {
    writeFileSync('swarm.json', '{"rounds": 3, "stages": 1, "seed": 5}')
    const environment = { SWARM_ROUNDS: '4', SWARM_STAGES: '2' }
    expect(settingsOf(['up', '--rounds', '7'], environment)).to.include({ rounds: 7, stages: 2, seed: 5, target: 20 })
  })

  it('that belong to another command are not taken from the environment or swarm.json, and refused as flags', () => {
    writeFileSync('swarm.json', '{"rounds": 3}')
    expect(settingsOf(['verify', '--chain', 'ws://x']).rounds).to.equal(OPTIONS.rounds.default)
    expect(refusalOf(['verify', '--chain', 'ws://x', '--rounds', '3']).exit).to.equal('usage')
  })

  it('are read as their type, from each source', () => {
    const run = ['join', '--run', 'm', '--chain', 'ws://x']
    const two = ['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/2']
    expect(settingsOf([...run, '--bootstrap', two[0] ?? '', '--bootstrap', two[1] ?? '']).bootstrap).to.deep.equal(two)
    expect(settingsOf(run, { SWARM_BOOTSTRAP: two.join(',') }).bootstrap).to.deep.equal(two)
    expect(settingsOf([...run, '--json']).json).to.equal(true)
    expect(settingsOf(run, { SWARM_JSON: '1', SWARM_PARENT_STDIN: 'false' })).to.include({
      json: true,
      'parent-stdin': false,
    })
    expect(settingsOf(['up', '--seed=7']).seed).to.equal(7)
  })

  it('are refused with 64 where a value is not of their type, bounds or choices, whatever the source', () => {
    for (const args of [
      ['up', '--rounds', 'many'],
      ['up', '--rounds', '0'],
      ['up', '--rounds', '1.5'],
      ['up', '--rounds', ''],
      ['up', '--chain-port', '65536'],
      ['up', '--rule', 'best'],
      ['up', '--data', ''],
      ['up', '--rounds'],
      ['up', '--json=maybe'],
      ['up', 'now'],
    ]) {
      expect(refusalOf(args).exit, args.join(' ')).to.equal('usage')
    }
    expect(refusalOf(['up'], { SWARM_ROUNDS: '-1' }).message).to.include('--rounds must be an integer from 1')
    expect(refusalOf(['up'], { SWARM_JSON: 'maybe' }).message).to.include('--json must be true or false')
    writeFileSync('swarm.json', '{"rounds": "x", "seed": []}')
    expect(refusalOf(['up']).exit).to.equal('usage')
  })

  it('that are required are asked for by name', () => {
    expect(refusalOf(['join', '--chain', 'ws://x']).message).to.match(/'join' needs --run/)
    expect(refusalOf(['verify']).message).to.match(/'verify' needs --chain/)
  })

  it('suggest what was probably meant, and nothing for what is far from everything', () => {
    expect(refusalOf(['up', '--rouds', '3']).message).to.include("did you mean '--rounds'?")
    expect(refusalOf(['verifi']).message).to.include("did you mean 'verify'?")
    expect(refusalOf(['up', '--zzz']).message).to.not.include('did you mean')
  })

  it('of swarm.json are refused with 78 where the file is no object of known options', () => {
    for (const text of ['{', '[]', '3', 'null', '{"rouds": 3}']) {
      writeFileSync('swarm.json', text)
      expect(refusalOf(['up']).exit, text).to.equal('configuration')
    }
  })
})

describe('table of options', () => {
  it('gives every option a default that it would take itself', () => {
    for (const [name, spec] of specs) {
      if (spec.type === 'integer' && typeof spec.default === 'number') {
        expect(spec.default, name).to.be.within(spec.min ?? 0, spec.max ?? Number.MAX_SAFE_INTEGER)
      }
      if (spec.choices !== undefined) expect(spec.choices, name).to.include(spec.default)
      if (spec.type === 'boolean') expect(spec.default, name).to.equal(false)
      for (const verb of spec.requiredBy ?? []) expect(spec.verbs, name).to.include(verb)
    }
  })

  it('is shown by --help: each command its options, the program its commands', () => {
    expect(parseCommand([], {})).to.deep.equal({ help: null })
    expect(parseCommand(['up', '--help'], {})).to.deep.equal({ help: 'up' })
    for (const verb of Object.keys(VERBS) as Verb[]) {
      expect(helpText(null)).to.include(`  ${verb}`)
      for (const [name, spec] of specs) {
        expect(helpText(verb).includes(`--${name} `), `${verb} --${name}`).to.equal(spec.verbs.includes(verb))
      }
    }
  })

  it('names an environment variable for each option', () => {
    expect(variableOf('prepare-only')).to.equal('SWARM_PREPARE_ONLY')
    expect(new Set(specs.map(([name]) => variableOf(name))).size).to.equal(specs.length)
  })
})
