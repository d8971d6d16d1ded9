import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { useTool } from './program.ts'

describe('swarm-sim replay', () => {
  const tool = useTool()

  it('tells the same story as the run, and all of it with --verbose', async () => {
    const short = await tool.run(['replay', 'storm:2'])
    expect(short.code).to.equal(1)
    expect(short.output)
      .to.match(/p0 s0 r1 decides/)
      .and.not.match(/PREVOTE/)
    const long = await tool.run(['replay', 'storm:2', '--verbose'])
    expect(long.output)
      .to.match(/p0 -> p1 PREVOTE r1 300 B \+\d+ ms/)
      .and.match(/opens the round/)
    expect(long.output.split('\n').length).to.be.greaterThan(5 * short.output.split('\n').length)
  })

  it('stops before an event by its number, time, type, count and fields', async () => {
    const cases: [string, RegExp][] = [
      ['#3', /before:\n.*p2 sits in stage 0/],
      ['@9700', /stopped at 9\.8/],
      ['certified', /before:\n +5\.000 s {2}p0 s0 r1 certifies/],
      ['certified:13', /before:\n +10\.000 s {2}p0 s0 r2 certifies/],
      ['decided,round=2,stage=1', /before:\n +9\.800 s {2}p6 s1 r2 decides/],
    ]
    for (const [until, expected] of cases) {
      const { code, output } = await tool.run(['replay', 'storm:2', '--until', until])
      expect(output, until).to.match(expected)
      expect(code, until).to.equal(2)
    }
  })

  it('names what is wrong with --until', async () => {
    expect((await tool.run(['replay', 'calm', '--until', 'decidd'])).errors).to.include("there is no event 'decidd'")
    expect((await tool.run(['replay', 'calm', '--until', 'decided,round'])).errors).to.include('is not field=value')
  })

  it('says so when a run was made by other code, or by another version of traces', async () => {
    await tool.run(['run', 'storm:2', '--out', 'old'])
    const file = join(tool.folder, 'old', 'verdict.json')
    const stored = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(
      file,
      JSON.stringify({ ...stored, traceHash: '00'.repeat(32), maker: { ...stored.maker, commit: 'abc1234' } }),
    )
    const other = await tool.run(['replay', 'old'])
    expect(other.errors)
      .to.include('at commit abc1234')
      .and.include('this is not what happened then')
      .and.include('Next: ')
    writeFileSync(file, JSON.stringify({ ...stored, maker: { ...stored.maker, trace: 99 } }))
    const { code, errors } = await tool.run(['replay', 'old'])
    expect(errors).to.include('is of trace version 99').and.include('this program reads version 1')
    expect(code).to.equal(2)
  })

  it('prints events and the verdict as JSON lines with --json', async () => {
    const { output } = await tool.run(['replay', 'calm', '--json'])
    const lines = output
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines.at(-1).kind).to.equal('run')
    expect(lines[0].type).to.equal('seat')
  })
})
