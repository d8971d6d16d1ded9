import { expect } from 'chai'
import { useTool } from './program.ts'

describe('swarm-sim compare, scale, list and explain', () => {
  const tool = useTool()

  it('put two runs of one seed beside each other, with loss and cost', async () => {
    const { code, output } = await tool.run(['compare', 'calm', 'storm', '--seed', '2'])
    expect(output).to.match(/^run +calm:2 +storm:2$/m)
    expect(output).to.match(/^held out loss +4\.100 +4\.800 +1\.171$/m)
    expect(output).to.match(/^bytes /m)
    expect(code).to.equal(1)
    const { runs } = JSON.parse((await tool.run(['compare', 'calm:1', 'calm:1', '--json'])).output)
    expect(runs[0]).to.deep.equal(runs[1])
  })

  it('fit how messages grow with the swarm', async () => {
    const { code, output } = await tool.run(['scale', '--peers', '8,32,64,128', '--rounds', '2', '--json'])
    const { rows, fits } = JSON.parse(output)
    expect(rows.map(({ stages, replicas }: Record<string, number>) => `${stages}x${replicas}`)).to.deep.equal([
      '2x4',
      '2x16',
      '4x16',
      '8x16',
    ])
    // Each stage talks among itself: messages grow with the peers, neither faster nor slower.
    expect(fits.messages.exponent).to.be.closeTo(1, 0.01)
    expect(fits.peers).to.deep.equal([32, 64, 128])
    expect(rows.every(({ memoryBytes }: Record<string, number>) => memoryBytes! > 0)).to.equal(true)
    expect(code).to.equal(0)
  })

  it('list what there is, as a table, CSV and JSON', async () => {
    expect((await tool.run(['list'])).output)
      .to.match(/^storm +0 +2 x 6 +everything happens$/m)
      .and.match(/^standard +0 +by seed/m)
    for (const what of ['faults', 'attackers', 'checkers', 'states']) {
      expect((await tool.run(['list', what])).code, what).to.equal(0)
    }
    expect((await tool.run(['list', 'faults', '--csv'])).output).to.match(/^fault,what it is\n/)
    expect(JSON.parse((await tool.run(['list', 'attackers', '--json'])).output).rows).to.deep.equal([
      { attacker: 'equivocate', 'what it is': 'two proposals in one view' },
    ])
    const { code, errors } = await tool.run(['list', 'fault'])
    expect(errors).to.include("did you mean 'faults'")
    expect(code).to.equal(2)
  })

  it('explain a checker, and say which there are where it is none', async () => {
    const { code, output } = await tool.run(['explain', 'agreement'])
    expect(output).to.include('One decision in each round').and.include('Quorums of n - f').and.include('safety')
    expect(code).to.equal(0)
    expect((await tool.run(['explain', 'agrement'])).errors).to.include("did you mean 'agreement'")
  })

  it('name the command where there is none', async () => {
    const { code, errors } = await tool.run(['sweeep'])
    expect(errors).to.equal("there is no command 'sweeep'; did you mean 'sweep'?\nNext: swarm-sim --help\n")
    expect(code).to.equal(2)
  })
})

describe('swarm-sim attacks', () => {
  const tool = useTool()

  it('names the rule or attack that is none, and those that are', async () => {
    const { code, errors } = await tool.run(['attacks', '--lies', 'sign-flop'])
    expect(errors).to.include("--lies: there is no 'sign-flop'; did you mean 'sign-flip'?\nNext: one of ")
    expect(code).to.equal(2)
    expect((await tool.run(['attacks', '--rules', 'mode'])).errors).to.include("--rules: there is no 'mode'")
    expect((await tool.run(['attacks', '--replicas', '5'])).errors).to.include("--replicas: there is no '5'")
  })

  it('trains what is asked for, and says what the lie cost in its setting', async function () {
    this.timeout(60_000)
    const words = [
      'attacks',
      '--replicas',
      '4',
      '--rules',
      'mean',
      '--lies',
      'sign-flip',
      '--seeds',
      '1',
      '--rounds',
      '1',
    ]
    const { code, output } = await tool.run([...words, '--json'])
    const { cells } = JSON.parse(output)
    expect(cells.length).to.be.greaterThan(0)
    for (const cell of cells)
      expect(cell).to.include({ replicas: 4, faults: 1, rule: 'mean', attack: 'sign-flip', rounds: 1 })
    expect(code).to.equal(0)
  })
})
