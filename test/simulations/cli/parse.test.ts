import { expect } from 'chai'
import { SimError } from '../../../simulations/cli/exit.ts'
import { helpText } from '../../../simulations/cli/help.ts'
import { OPTIONS, VERBS } from '../../../simulations/cli/options.ts'
import { type ParsedCommand, parseCommand } from '../../../simulations/cli/parse.ts'

function parsed(...args: string[]): ParsedCommand {
  const command = parseCommand(args)
  if ('help' in command) throw new Error('help was asked for')
  return command
}

function refusal(...args: string[]): SimError {
  try {
    parseCommand(args)
  } catch (error) {
    if (error instanceof SimError) return error
    throw error
  }
  throw new Error('it was taken')
}

describe('the words after swarm-sim', () => {
  it('become a verb, its words, and the settings of the table', () => {
    const { verb, words, settings } = parsed(
      'sweep',
      'calm',
      'storm',
      '--seeds',
      '5000',
      '--shard',
      '1/4',
      '--time',
      '5m',
    )
    expect(verb).to.equal('sweep')
    expect(words).to.deep.equal(['calm', 'storm'])
    expect(settings.seeds).to.equal(5000)
    expect(settings.shard).to.deep.equal({ index: 1, count: 4 })
    expect(settings.time).to.equal(300_000)
    expect(settings.json).to.equal(false)
    expect(settings.until).to.equal(undefined)
  })

  it('read times with their unit, and lists of sizes', () => {
    expect(parsed('sweep', 'x', '--time', '90s').settings.time).to.equal(90_000)
    expect(parsed('sweep', 'x', '--time', '1.5h').settings.time).to.equal(5_400_000)
    expect(parsed('scale', '--peers', '10,100').settings.peers).to.deep.equal([10, 100])
    expect(parsed('scale').settings.peers).to.deep.equal([10, 100, 1000, 10_000])
  })

  it('are refused with what was meant, and the next command', () => {
    expect(refusal('swep', 'calm').message).to.include("did you mean 'sweep'")
    expect(refusal('sweep', 'calm', '--seed', '3').message).to.include("did you mean '--seeds'")
    expect(refusal('run').message).to.include('takes <run>, not 0 words')
    expect(refusal('scale', 'calm').message).to.include('takes no words after it')
    expect(refusal('run', 'calm', '--seed', '-1').next).to.equal('swarm-sim run --help')
    for (const shard of ['4/4', '1', '0/0', 'a/b']) {
      expect(refusal('sweep', 'x', `--shard=${shard}`).message).to.include('i from 0 to n - 1')
    }
    for (const time of ['5', '0s', 'soon']) expect(refusal('sweep', 'x', '--time', time).message).to.include('90s')
    expect(refusal('scale', '--peers', '10,x').message).to.include('with commas')
    expect(refusal('run', 'calm', '--tier', '3').message).to.include('from 0 to 2')
  })

  it('ask for help of the program and of every verb', () => {
    expect(parseCommand([])).to.deep.equal({ help: null })
    for (const verb of Object.keys(VERBS)) {
      expect(helpText(null)).to.include(verb)
      const command = parseCommand([verb, '--help'])
      if (!('help' in command) || command.help === null) throw new Error('no help')
      expect(helpText(command.help)).to.include('--json')
    }
  })

  it('have an entry in the table for every option that the help shows', () => {
    for (const [name, spec] of Object.entries(OPTIONS)) {
      expect(spec.verbs.length, name).to.be.greaterThan(0)
      expect(spec.default !== null || 'absent' in spec, `${name} says what happens without it`).to.equal(true)
    }
  })
})
