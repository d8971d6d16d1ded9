import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { SweepResult } from '../../../simulations/sweep/tally.ts'
import { useTool } from './program.ts'

describe('swarm-sim sweep', () => {
  const tool = useTool()

  it('runs the standard mix, counts seeds and what was reached, and is valid', async () => {
    const { code, output, progress } = await tool.run(['sweep', 'standard', '--seeds', '8', '--jobs', '2'])
    expect(output).to.match(/^standard +0 +8 +8 +0 +0 /m)
    expect(output).to.match(/^view-change +8 +80 +1$/m)
    expect(output).to.match(/^8 seeds of 1 scenario in /m)
    expect(output).to.match(/^VALID {2}everything that was checked held in 8 seeds$/m)
    expect(progress).to.equal('')
    expect(code).to.equal(0)
  })

  it('draws its progress on a terminal only, and takes it away', async () => {
    const { progress } = await tool.run(['sweep', 'calm', '--seeds', '4', '--jobs', '1'], { isTerminal: true })
    expect(progress).to.match(/\[[#.]{24}\] 0\/4 seeds/)
    expect(progress.endsWith('\r\u001b[K')).to.equal(true)
  })

  it('is violated by one seed, tells it, and writes its folder', async () => {
    const { code, output } = await tool.run([
      'sweep',
      'storm',
      '--seeds',
      '4',
      '--keep',
      '1',
      '--jobs',
      '2',
      '--out',
      'runs',
    ])
    expect(code).to.equal(1)
    expect(output).to.match(
      /^VIOLATED {2}2 of 4 seeds broke a promise, first storm:[24]: two peers decided differently/m,
    )
    expect(output).to.match(/replay: npx swarm-sim replay storm:[24] --tier 0 --verbose/)
    const [kept = ''] = readdirSync(join(tool.folder, 'runs')).filter(name => name !== 'latest')
    expect(kept).to.match(/^storm-[24]$/)
    expect(existsSync(join(tool.folder, 'runs', kept, 'report.html'))).to.equal(true)
  })

  it('is unknown where a scenario never reached what it is there for', async () => {
    const { code, output } = await tool.run(['sweep', 'idle', '--seeds', '2', '--jobs', '1'])
    expect(output).to.include("UNKNOWN  idle never reached 'lock'")
    expect(code).to.equal(2)
  })

  it('is unknown where a run cannot be judged, throws, or ends its process, and goes on with the others', async () => {
    const { code, output } = await tool.run([
      'sweep',
      'unclear',
      'throws',
      'dies',
      'calm',
      '--seeds',
      '8',
      '--jobs',
      '1',
      '--json',
    ])
    const result: SweepResult & { verdict: string } = JSON.parse(output)
    expect(result.verdict).to.equal('unknown')
    const sentence = (name: string) => result.unknowns.find(({ scenario }) => scenario === name)?.sentence
    expect(sentence('unclear')).to.equal('it did not end')
    expect(sentence('throws')).to.include('a bug of the tier')
    expect(sentence('dies')).to.equal('the process that ran it ended with code 9')
    expect(result.scenarios.find(({ name }) => name === 'calm')?.valid).to.equal(2)
    expect(code).to.equal(2)
  })

  it('starts nothing new when its time is up, and says that it was stopped', async () => {
    const { code, output } = await tool.run(['sweep', 'calm', '--seeds', '1000000', '--time', '300ms', '--jobs', '1'])
    expect(output).to.include('stopped before all 1,000,000 were done')
    expect(code).to.be.oneOf([0, 2])
  })

  it('prints CSV', async () => {
    const { output } = await tool.run(['sweep', 'calm', '--seeds', '1', '--jobs', '1', '--csv'])
    expect(output.split('\n')[0]).to.equal(
      'scenario,tier,seeds,valid,violated,unknown,rounds,messages,virtual s,never reached',
    )
  })
})

describe('swarm-sim merge', () => {
  const tool = useTool()
  const shards = ['shard-0.json', 'shard-1.json']

  before(async () => {
    for (const [index, file] of shards.entries()) {
      const args = ['sweep', 'standard', '--seeds', '6', '--shard', `${index}/2`, '--jobs', '1', '--json']
      writeFileSync(join(tool.folder, file), (await tool.run(args)).output)
    }
  })

  it('adds the shards up to what one machine would have seen', async () => {
    const { code, output } = await tool.run(['merge', ...shards, '--json'])
    const whole = await tool.run(['sweep', 'standard', '--seeds', '6', '--jobs', '1', '--json'])
    const counts = (text: string) => {
      const { scenarios }: SweepResult = JSON.parse(text)
      return scenarios.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    }
    expect(counts(output)).to.deep.equal(counts(whole.output))
    expect(JSON.parse(output).verdict).to.equal('valid')
    expect(code).to.equal(0)
  })

  it('is unknown while a shard is missing, and refuses one that is there twice', async () => {
    const missing = await tool.run(['merge', 'shard-1.json'])
    expect(missing.output).to.include('shards are missing: 0')
    expect(missing.code).to.equal(2)
    const twice = await tool.run(['merge', 'shard-0.json', 'shard-0.json'])
    expect(twice.errors).to.include('shard 0/2 is there twice')
    expect(twice.code).to.equal(2)
  })

  it('refuses what is no result, what is of another sweep, and what is of another version', async () => {
    writeFileSync(join(tool.folder, 'no.json'), '{}')
    expect((await tool.run(['merge', 'no.json'])).errors).to.include("no.json is not what 'sweep --json' prints")
    expect((await tool.run(['merge', 'none.json'])).errors).to.include('was that shard stopped?')
    const other = (await tool.run(['sweep', 'calm', '--seeds', '2', '--shard', '1/2', '--jobs', '1', '--json'])).output
    writeFileSync(join(tool.folder, 'other.json'), other)
    expect((await tool.run(['merge', 'shard-0.json', 'other.json'])).errors).to.include('--seeds differ')
    const result = JSON.parse(other)
    writeFileSync(join(tool.folder, 'old.json'), JSON.stringify({ ...result, maker: { ...result.maker, trace: 0 } }))
    expect((await tool.run(['merge', 'old.json'])).errors).to.include(
      'is of trace version 0; this program reads version 1',
    )
  })
})
