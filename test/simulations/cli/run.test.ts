import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { useTool } from './program.ts'

describe('swarm-sim run', () => {
  const tool = useTool()

  it('ends with 0 where all held, and writes nothing', async () => {
    const { code, output, errors } = await tool.run(['run', 'calm', '--seed', '3'])
    expect(errors).to.equal('')
    expect(output).to.match(/^VALID {2}everything that was checked held\n12 peers, 20 rounds decided/)
    expect(code).to.equal(0)
    expect(readdirSync(tool.folder)).to.deep.equal([])
  })

  it('ends with 1 on a violation, and tells seed, commit, verdict, 20 events and the commands that show it again', async () => {
    const { code, output } = await tool.run(['run', 'storm:2'])
    expect(code).to.equal(1)
    expect(output).to.match(
      /the last 20 events that matter:\n(.+\n){20}\nVIOLATED {2}two peers decided differently in round 3\n/,
    )
    expect(output).to.match(/scenario storm, seed 2, commit ([0-9a-f]{7,}\+?|unknown)\n/)
    expect(output).to.include('replay: npx swarm-sim replay storm:2 --tier 0 --verbose')
    expect(output).to.include('shrink: npx swarm-sim shrink storm:2')
  })

  it('ends with 2 where nothing can be said', async () => {
    const { code, output } = await tool.run(['run', 'unclear'])
    expect(output).to.include('UNKNOWN  it did not end')
    expect(code).to.equal(2)
  })

  it('takes a bare seed as one of the standard mix', async () => {
    const { output } = await tool.run(['run', '2', '--json'])
    expect(JSON.parse(output)).to.include({ scenario: 'standard', seed: 2, tier: 0 })
    expect(JSON.parse((await tool.run(['run', 'standard:3', '--json'])).output)).to.include({
      scenario: 'standard',
      seed: 3,
    })
  })

  it('prints one JSON object with --json', async () => {
    const { code, output } = await tool.run(['run', 'storm:2', '--json'])
    const told = JSON.parse(output)
    expect(code).to.equal(1)
    expect(told.verdict.verdict).to.equal('violated')
    expect(told.events).to.have.length(20)
    expect(told.maker).to.have.keys('trace', 'program', 'commit', 'node')
    expect(told.replay).to.equal('npx swarm-sim replay storm:2 --tier 0 --verbose')
  })

  it('writes a folder with --save that runs again as it was, and links the latest', async () => {
    await tool.run(['run', 'storm:4', '--save'])
    const folder = join(tool.folder, 'swarm-sim-runs')
    expect(readlinkSync(join(folder, 'latest'))).to.equal('storm-4')
    const path = join(folder, 'latest')
    expect(readdirSync(path).toSorted()).to.deep.equal(['report.html', 'scenario.json', 'trace.jsonl', 'verdict.json'])
    const [header = '', ...lines] = readFileSync(join(path, 'trace.jsonl'), 'utf8').trimEnd().split('\n')
    expect(JSON.parse(header)).to.include({ type: 'trace', trace: 1, scenario: 'storm', seed: 4, tier: 0 })
    expect(lines.map(line => JSON.parse(line).type)).to.include.members(['seat', 'message', 'decided', 'end'])
    const again = await tool.run(['run', 'swarm-sim-runs/latest', '--json'])
    const { traceHash } = JSON.parse(readFileSync(join(path, 'verdict.json'), 'utf8'))
    expect(JSON.parse(again.output).traceHash).to.equal(traceHash)
    rmSync(folder, { recursive: true })
  })

  it('leaves alone what is called latest and is no link', async () => {
    const taken = join(tool.folder, 'mine', 'latest')
    mkdirSync(taken, { recursive: true })
    await tool.run(['run', 'calm', '--out', 'mine/calm'])
    expect(existsSync(join(tool.folder, 'mine', 'calm', 'report.html'))).to.equal(true)
    expect(readdirSync(taken)).to.deep.equal([])
  })

  it('says what is wrong with a scenario, and where', async () => {
    const wrong: [string, string][] = [
      ['{', 'JSON'],
      [JSON.stringify({ name: 'x', flavour: 'sweet' }), "there is no field 'flavour'"],
    ]
    for (const [text, why] of wrong) {
      writeFileSync(join(tool.folder, 'wrong.json'), text)
      const { code, errors } = await tool.run(['run', 'wrong.json'])
      expect(errors).to.include('wrong.json').and.include(why).and.include('\nNext: ')
      expect(code).to.equal(2)
    }
  })

  it('says what there is where a name is none, and which tiers a scenario has', async () => {
    expect((await tool.run(['run', 'strom'])).errors).to.include("did you mean 'storm'")
    const { code, errors } = await tool.run(['run', 'calm', '--tier', '1'])
    expect(errors).to.include("'calm' is not for tier 1; it runs on 0\nNext: ")
    expect(code).to.equal(2)
  })

  it('calls a bug of the harness one, and stops when it is told to', async () => {
    const { code, errors } = await tool.run(['run', 'throws'])
    expect(errors).to.include('internal error: Error: a bug of the tier')
    expect(code).to.equal(2)
    const stopped = await tool.run(['run', 'throws'], { signal: AbortSignal.abort() })
    expect(stopped.errors).to.include('stopped before it was done')
  })
})
